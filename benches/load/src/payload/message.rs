//! A protobuf message under construction.

use headwater_core::pdata::wire::{self, WireType};

/// The fields written so far.
#[derive(Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    /// A string or bytes field.
    pub(super) fn bytes(&mut self, number: u32, value: impl AsRef<[u8]>) {
        wire::put_len_field(&mut self.0, number, value.as_ref());
    }

    /// An integer, bool or enum field.
    pub(super) fn varint(&mut self, number: u32, value: u64) {
        wire::put_tag(&mut self.0, number, WireType::Varint);
        wire::put_varint(&mut self.0, value);
    }

    /// A `fixed64`, `sfixed64` or (through its bits) `double` field.
    pub(super) fn fixed64(&mut self, number: u32, value: u64) {
        wire::put_tag(&mut self.0, number, WireType::Fixed64);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    /// A packed list of `fixed64` or `double`.
    pub(super) fn packed64(&mut self, number: u32, values: impl Iterator<Item = u64>) {
        let bytes: Vec<u8> = values.flat_map(u64::to_le_bytes).collect();
        self.bytes(number, bytes);
    }

    /// A message field that `build` fills.
    pub(super) fn nested(&mut self, number: u32, build: impl FnOnce(&mut Self)) {
        let mut inner = Self::default();
        build(&mut inner);
        self.bytes(number, inner.0);
    }

    /// A `KeyValue` with a string value.
    pub(super) fn text(&mut self, number: u32, key: &str, value: impl AsRef<[u8]>) {
        self.nested(number, |pair| {
            pair.bytes(1, key);
            pair.nested(2, |any| any.bytes(1, value));
        });
    }

    /// A `KeyValue` with an integer value.
    pub(super) fn int(&mut self, number: u32, key: &str, value: u64) {
        self.nested(number, |pair| {
            pair.bytes(1, key);
            pair.nested(2, |any| any.varint(3, value));
        });
    }

    /// The encoded message.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}
