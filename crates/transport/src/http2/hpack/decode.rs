//! Decoding of header blocks. Source: RFC 7541, section 6.

use super::table::Table;
use super::{DEFAULT_TABLE, huffman, integer};

/// A header block cannot be decoded; the connection's state is lost with it.
#[derive(Debug)]
pub(in crate::http2) struct Damaged;

/// The decoder of one connection.
#[derive(Debug)]
pub(in crate::http2) struct Decoder {
    table: Table,
    name: Vec<u8>,
    value: Vec<u8>,
}

impl Decoder {
    pub(in crate::http2) fn new() -> Self {
        Self {
            table: Table::new(DEFAULT_TABLE),
            name: Vec::new(),
            value: Vec::new(),
        }
    }

    /// Calls `each` with every name and value of a block, in order. The whole block is decoded
    /// whatever `each` thinks of it: the table depends on it.
    pub(in crate::http2) fn decode(
        &mut self,
        mut block: &[u8],
        mut each: impl FnMut(&[u8], &[u8]),
    ) -> Result<(), Damaged> {
        let mut first = true;
        while let Some(byte) = block.first() {
            if byte & 0x80 != 0 {
                let index = integer::read(7, &mut block).ok_or(Damaged)?;
                let (name, value) = self.table.get(index).ok_or(Damaged)?;
                each(name, value);
            } else if byte & 0xe0 == 0x20 {
                // Sizes change in front of a block only.
                let size = integer::read(5, &mut block).ok_or(Damaged)?;
                if !first || size > DEFAULT_TABLE {
                    return Err(Damaged);
                }
                self.table.resize(size);
                continue;
            } else {
                let indexed = byte & 0x40 != 0;
                let index =
                    integer::read(if indexed { 6 } else { 4 }, &mut block).ok_or(Damaged)?;
                self.name.clear();
                if index == 0 {
                    string(&mut block, &mut self.name)?;
                } else {
                    let (name, _) = self.table.get(index).ok_or(Damaged)?;
                    self.name.extend_from_slice(name);
                }
                self.value.clear();
                string(&mut block, &mut self.value)?;
                each(&self.name, &self.value);
                if indexed {
                    self.table.insert(&self.name, &self.value);
                }
            }
            first = false;
        }
        Ok(())
    }

    /// Gives back what a large header has made the buffers grow to.
    pub(in crate::http2) fn shrink(&mut self) {
        const KEPT: usize = 1024;
        for buffer in [&mut self.name, &mut self.value] {
            buffer.clear();
            buffer.shrink_to(KEPT);
        }
    }
}

/// Appends a string literal. Source: RFC 7541, section 5.2.
fn string(block: &mut &[u8], out: &mut Vec<u8>) -> Result<(), Damaged> {
    let encoded = block.first().ok_or(Damaged)? & 0x80 != 0;
    let length = integer::read(7, block).ok_or(Damaged)?;
    let (text, rest) = block.split_at_checked(length).ok_or(Damaged)?;
    *block = rest;
    if encoded {
        huffman::decode(text, out).ok_or(Damaged)
    } else {
        out.extend_from_slice(text);
        Ok(())
    }
}
