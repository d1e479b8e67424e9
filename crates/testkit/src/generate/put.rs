//! Protobuf fields, appended to a buffer.

use headwater_core::pdata::wire::{WireType, put_len_field, put_tag, put_varint};

/// An attribute value.
#[derive(Clone, Copy)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Int(u64),
    Double(f64),
    Bool(bool),
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

pub(super) fn message(out: &mut Vec<u8>, number: u32, fill: impl FnOnce(&mut Vec<u8>)) {
    let mut content = Vec::new();
    fill(&mut content);
    put_len_field(out, number, &content);
}

pub(super) fn text(out: &mut Vec<u8>, number: u32, value: &str) {
    put_len_field(out, number, value.as_bytes());
}

pub(super) fn varint(out: &mut Vec<u8>, number: u32, value: u64) {
    put_tag(out, number, WireType::Varint);
    put_varint(out, value);
}

pub(super) fn fixed64(out: &mut Vec<u8>, number: u32, value: u64) {
    put_tag(out, number, WireType::Fixed64);
    out.extend_from_slice(&value.to_le_bytes());
}

pub(super) fn fixed32(out: &mut Vec<u8>, number: u32, value: u32) {
    put_tag(out, number, WireType::Fixed32);
    out.extend_from_slice(&value.to_le_bytes());
}

pub(super) fn double(out: &mut Vec<u8>, number: u32, value: f64) {
    fixed64(out, number, value.to_bits());
}

/// A `KeyValue`.
pub(super) fn attribute(out: &mut Vec<u8>, number: u32, key: &str, value: Value<'_>) {
    message(out, number, |out| {
        text(out, 1, key);
        message(out, 2, |out| any_value(out, &value));
    });
}

/// The content of an `AnyValue`.
pub(super) fn any_value(out: &mut Vec<u8>, value: &Value<'_>) {
    match *value {
        Value::Text(value) => text(out, 1, value),
        Value::Bool(value) => varint(out, 2, u64::from(value)),
        Value::Int(value) => varint(out, 3, value),
        Value::Double(value) => double(out, 4, value),
    }
}
