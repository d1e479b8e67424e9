//! Values to put into attributes.

use bytes::Bytes;

use crate::pdata::view::{AnyValue, Text};
use crate::pdata::wire::{WireType, put_len_field, put_tag, put_varint};

/// A value that can be written as an `AnyValue`.
pub trait EncodeValue {
    /// Appends the fields of the `AnyValue`, without tag and length of its own.
    fn encode_value(&self, out: &mut Vec<u8>);
}

impl<T: EncodeValue + ?Sized> EncodeValue for &T {
    fn encode_value(&self, out: &mut Vec<u8>) {
        (**self).encode_value(out);
    }
}

/// A string value.
impl EncodeValue for str {
    fn encode_value(&self, out: &mut Vec<u8>) {
        put_len_field(out, 1, self.as_bytes());
    }
}

/// A string value.
impl EncodeValue for String {
    fn encode_value(&self, out: &mut Vec<u8>) {
        self.as_str().encode_value(out);
    }
}

/// A string value.
impl EncodeValue for Text<'_> {
    fn encode_value(&self, out: &mut Vec<u8>) {
        put_len_field(out, 1, self.as_bytes());
    }
}

impl EncodeValue for bool {
    fn encode_value(&self, out: &mut Vec<u8>) {
        put_tag(out, 2, WireType::Varint);
        put_varint(out, u64::from(*self));
    }
}

impl EncodeValue for i64 {
    fn encode_value(&self, out: &mut Vec<u8>) {
        put_tag(out, 3, WireType::Varint);
        put_varint(out, *self as u64);
    }
}

impl EncodeValue for f64 {
    fn encode_value(&self, out: &mut Vec<u8>) {
        put_tag(out, 4, WireType::Fixed64);
        out.extend_from_slice(&self.to_le_bytes());
    }
}

/// A bytes value.
impl EncodeValue for [u8] {
    fn encode_value(&self, out: &mut Vec<u8>) {
        put_len_field(out, 7, self);
    }
}

/// Any value that is at hand, without fields that nobody knows.
impl EncodeValue for AnyValue<'_> {
    fn encode_value(&self, out: &mut Vec<u8>) {
        match self {
            Self::Empty => {}
            Self::String(text) => text.encode_value(out),
            Self::Bool(value) => value.encode_value(out),
            Self::Int(value) => value.encode_value(out),
            Self::Double(value) => value.encode_value(out),
            Self::Bytes(bytes) => bytes.encode_value(out),
            Self::Array(values) => {
                put_list(out, 5, values.iter(), |out, value| value.encode_value(out))
            }
            Self::Map(entries) => put_list(out, 6, entries.iter(), |out, entry| {
                put_key_value(out, entry.key().as_bytes(), &entry.value());
            }),
        }
    }
}

/// Writes a message of the repeated field 1 into field `number`.
fn put_list<T>(
    out: &mut Vec<u8>,
    number: u32,
    items: impl Iterator<Item = T>,
    put: impl Fn(&mut Vec<u8>, T),
) {
    put_nested(out, number, |out| {
        for item in items {
            put_nested(out, 1, |out| put(out, item));
        }
    });
}

/// Writes a length-delimited field whose content is not at hand yet and says where it begins.
#[inline]
pub fn put_nested(out: &mut Vec<u8>, number: u32, content: impl FnOnce(&mut Vec<u8>)) -> usize {
    put_tag(out, number, WireType::Len);
    // One byte is enough for most lengths; the others are made room for.
    let at = out.len();
    out.push(0);
    content(out);
    at + set_length(out, at, 1)
}

/// Writes the length of what stands behind the `width` bytes kept free for it at `at`, and says
/// how many bytes it took.
#[inline]
pub(super) fn set_length(out: &mut Vec<u8>, at: usize, width: usize) -> usize {
    let length = out.len() - at - width;
    if width == 1 && length < 0x80 {
        out[at] = length as u8;
        return 1;
    }
    set_long_length(out, at, width)
}

fn set_long_length(out: &mut Vec<u8>, at: usize, width: usize) -> usize {
    let begin = at + width;
    let length = out.len() - begin;
    let mut encoded = [0_u8; 10];
    let mut needed = 0;
    let mut rest = length;
    while rest >= 0x80 {
        encoded[needed] = rest as u8 | 0x80;
        rest >>= 7;
        needed += 1;
    }
    encoded[needed] = rest as u8;
    needed += 1;
    if needed > width {
        out.resize(out.len() + needed - width, 0);
        out.copy_within(begin..begin + length, at + needed);
    } else if needed < width {
        out.copy_within(begin..begin + length, at + needed);
        out.truncate(at + needed + length);
    }
    out[at..at + needed].copy_from_slice(&encoded[..needed]);
    needed
}

/// Appends the fields of a `KeyValue`.
pub(super) fn put_key_value(out: &mut Vec<u8>, key: &[u8], value: &(impl EncodeValue + ?Sized)) {
    put_len_field(out, 1, key);
    put_nested(out, 2, |out| value.encode_value(out));
}

/// A value in its encoded form, made once from the configuration and copied from then on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EncodedValue(Bytes);

impl EncodedValue {
    /// The encoded form of `value`.
    #[must_use]
    pub fn new(value: &(impl EncodeValue + ?Sized)) -> Self {
        let mut out = Vec::new();
        value.encode_value(&mut out);
        Self(out.into())
    }

    /// A list.
    #[must_use]
    pub fn array<'v>(values: impl IntoIterator<Item = &'v Self>) -> Self {
        let mut out = Vec::new();
        put_list(&mut out, 5, values.into_iter(), |out, value| {
            value.encode_value(out)
        });
        Self(out.into())
    }

    /// A map.
    #[must_use]
    pub fn map<'v>(entries: impl IntoIterator<Item = (&'v str, &'v Self)>) -> Self {
        let mut out = Vec::new();
        put_list(&mut out, 6, entries.into_iter(), |out, (key, value)| {
            put_key_value(out, key.as_bytes(), value);
        });
        Self(out.into())
    }

    /// The value to read.
    #[must_use]
    pub fn view(&self) -> AnyValue<'_> {
        AnyValue::new(&self.0)
    }
}

impl EncodeValue for EncodedValue {
    #[inline]
    fn encode_value(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}
