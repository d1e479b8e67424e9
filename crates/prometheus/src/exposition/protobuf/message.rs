//! Reading fields: a known field has to have its wire type.

use std::ops::Range;

use headwater_core::pdata::wire::{Field, WireError, WireType, read_field, read_varint};

use crate::exposition::error::Problem;

/// The fields of the message at `range`; all places are relative to `body`.
pub(super) struct Fields<'b> {
    message: &'b [u8],
    start: usize,
    at: usize,
    name: &'static str,
}

/// A field, read.
pub(super) struct Known<'b> {
    message: &'b [u8],
    start: usize,
    name: &'static str,
    field: Field,
}

impl<'b> Fields<'b> {
    pub(super) fn new(body: &'b [u8], range: Range<usize>, name: &'static str) -> Self {
        Self {
            start: range.start,
            message: &body[range],
            at: 0,
            name,
        }
    }

    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<(u32, Known<'b>)>, Problem> {
        let field = read_field(self.message, &mut self.at).map_err(Problem::Wire)?;
        Ok(field.map(|field| {
            let known = Known {
                message: self.message,
                start: self.start,
                name: self.name,
                field,
            };
            (field.number, known)
        }))
    }
}

impl<'b> Known<'b> {
    fn want(&self, wire_type: WireType) -> Result<(), Problem> {
        if self.field.wire_type == wire_type {
            return Ok(());
        }
        Err(Problem::Wire(WireError::Mismatch {
            message: self.name,
            field: self.field.number,
            found: self.field.wire_type as u8,
        }))
    }

    /// Where a message or a string is in the body.
    #[inline]
    pub(super) fn range(&self) -> Result<Range<usize>, Problem> {
        self.want(WireType::Len)?;
        Ok(self.start + self.field.value..self.start + self.field.end)
    }

    #[inline]
    pub(super) fn varint(&self) -> Result<u64, Problem> {
        self.want(WireType::Varint)?;
        Ok(self.field.bits(self.message))
    }

    #[inline]
    pub(super) fn double(&self) -> Result<f64, Problem> {
        self.want(WireType::Fixed64)?;
        Ok(f64::from_bits(self.field.bits(self.message)))
    }

    pub(super) fn sint32(&self) -> Result<i32, Problem> {
        // Truncated, as every reader of protobuf does it.
        let value = self.varint()? as u32;
        Ok((value >> 1) as i32 ^ -((value & 1) as i32))
    }

    /// A `repeated sint64`, packed or one by one.
    pub(super) fn sint64s(&self, to: &mut Vec<i64>) -> Result<(), Problem> {
        let decode = |value: u64| (value >> 1) as i64 ^ -((value & 1) as i64);
        if self.field.wire_type != WireType::Len {
            to.push(decode(self.varint()?));
            return Ok(());
        }
        let packed: &'b [u8] = self.field.bytes(self.message);
        let mut at = 0;
        while at < packed.len() {
            to.push(decode(read_varint(packed, &mut at).map_err(Problem::Wire)?));
        }
        Ok(())
    }

    /// A `repeated double`, packed or one by one.
    pub(super) fn doubles(&self, to: &mut Vec<f64>) -> Result<(), Problem> {
        if self.field.wire_type != WireType::Len {
            to.push(self.double()?);
            return Ok(());
        }
        let (doubles, rest) = self.field.bytes(self.message).as_chunks::<8>();
        if !rest.is_empty() {
            return Err(Problem::Wire(WireError::Truncated));
        }
        to.extend(doubles.iter().map(|bytes| f64::from_le_bytes(*bytes)));
        Ok(())
    }
}

/// A `google.protobuf.Timestamp` in milliseconds.
pub(super) fn timestamp(body: &[u8], range: Range<usize>) -> Result<i64, Problem> {
    let mut fields = Fields::new(body, range, "Timestamp");
    let (mut seconds, mut nanos) = (0_i64, 0_i32);
    while let Some((number, field)) = fields.next()? {
        match number {
            1 => seconds = field.varint()? as i64,
            2 => nanos = field.varint()? as i32,
            _ => {}
        }
    }
    Ok(seconds
        .wrapping_mul(1000)
        .wrapping_add(i64::from(nanos / 1_000_000)))
}
