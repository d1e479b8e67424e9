//! Decoding of header blocks. Source: RFC 7541, section 6.

use super::table::Table;
use super::{DEFAULT_TABLE, huffman, integer};

/// Why a header block cannot be decoded; the connection's state is lost with it.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::http2) enum Undecodable {
    Damaged,
    /// It is short, but what it stands for is not.
    TooLong,
}

use Undecodable::Damaged;

/// What an entry counts besides its bytes. Source: RFC 9113, section 6.5.2.
const OVERHEAD: usize = 32;
/// How much longer than allowed a list may be before decoding it any further is a waste.
const TIMES_TOO_LONG: usize = 16;

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

    /// Calls `each` with the names and values of a block, in order, up to a list of `most`
    /// bytes. The whole block is decoded all the same: the table depends on it. Returns the
    /// length of the list as the protocol counts it.
    pub(in crate::http2) fn decode(
        &mut self,
        mut block: &[u8],
        most: usize,
        mut each: impl FnMut(&[u8], &[u8]),
    ) -> Result<usize, Undecodable> {
        let (mut first, mut size) = (true, 0_usize);
        let mut count = |name: &[u8], value: &[u8]| {
            size += name.len() + value.len() + OVERHEAD;
            if size <= most {
                each(name, value);
            }
            if size > most.saturating_mul(TIMES_TOO_LONG) {
                return Err(Undecodable::TooLong);
            }
            Ok(())
        };
        while let Some(byte) = block.first() {
            if byte & 0x80 != 0 {
                let index = integer::read(7, &mut block).ok_or(Damaged)?;
                let (name, value) = self.table.get(index).ok_or(Damaged)?;
                count(name, value)?;
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
                count(&self.name, &self.value)?;
                if indexed {
                    self.table.insert(&self.name, &self.value);
                }
            }
            first = false;
        }
        Ok(size)
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
fn string(block: &mut &[u8], out: &mut Vec<u8>) -> Result<(), Undecodable> {
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
