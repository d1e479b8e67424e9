//! Lists of numbers, packed or not.

use super::message::MessageFields;
use crate::pdata::wire::{WireType, read_varint};

/// A list of numbers as raw bits. Packed runs and single ones may alternate.
#[derive(Debug, Clone)]
pub struct Numbers<'a> {
    fields: MessageFields<'a>,
    number: u32,
    /// Of one number: [`WireType::Fixed64`] or [`WireType::Varint`].
    wire_type: WireType,
    packed: &'a [u8],
}

impl<'a> Numbers<'a> {
    pub(in crate::pdata) const fn new(
        fields: MessageFields<'a>,
        number: u32,
        wire_type: WireType,
    ) -> Self {
        Self {
            fields,
            number,
            wire_type,
            packed: &[],
        }
    }

    fn next_packed(&mut self) -> Option<u64> {
        if self.wire_type == WireType::Fixed64 {
            let (first, rest) = self.packed.split_first_chunk()?;
            self.packed = rest;
            return Some(u64::from_le_bytes(*first));
        }
        let mut pos = 0;
        let value = read_varint(self.packed, &mut pos).ok()?;
        self.packed = &self.packed[pos..];
        Some(value)
    }
}

impl Iterator for Numbers<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        loop {
            if let Some(value) = self.next_packed() {
                return Some(value);
            }
            let item = self.fields.next()?;
            if item.field.number != self.number {
                continue;
            }
            if item.field.wire_type == self.wire_type {
                return Some(item.field.bits(item.buf));
            }
            if item.field.wire_type == WireType::Len {
                self.packed = item.bytes();
            }
        }
    }
}

/// A list of doubles.
#[derive(Debug, Clone)]
pub struct Doubles<'a>(pub(super) Numbers<'a>);

impl Iterator for Doubles<'_> {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        self.0.next().map(f64::from_bits)
    }
}
