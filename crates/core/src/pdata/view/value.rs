//! `AnyValue`, `KeyValue` and lists of them.

use super::message::{LenFields, Message};
use super::text::Text;
use crate::pdata::wire::{WireError, WireType, read_field, read_varint};

/// Whether `number` is a member of `AnyValue`'s oneof. 8 refers to a table of strings that only
/// profiles have; anywhere else it is a value that nobody can read.
const fn is_value(number: u32) -> bool {
    matches!(number, 1..=8)
}

/// A value of any kind.
#[derive(Debug, Clone, Copy)]
pub enum AnyValue<'a> {
    /// No value at all.
    Empty,
    /// Text.
    String(Text<'a>),
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Double(f64),
    /// Opaque bytes.
    Bytes(&'a [u8]),
    /// A list of values.
    Array(Array<'a>),
    /// Names and values.
    Map(Attributes<'a>),
}

impl<'a> AnyValue<'a> {
    /// The value whose encoding is `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self::of(Message::new(bytes))
    }

    pub(in crate::pdata) fn of(message: Message<'a>) -> Self {
        // A value with one field is what everybody sends.
        if let Some(buf) = message.as_slice()
            && let Some((&tag, rest)) = buf.split_first()
            && let Some((&length, text)) = rest.split_first()
            && tag == 0x0a
            && usize::from(length) == text.len()
            && length < 0x80
        {
            return Self::String(Text::new(text));
        }
        Self::of_any(message)
    }

    fn of_any(message: Message<'a>) -> Self {
        let Some(item) = message.one_of(is_value) else {
            return Self::Empty;
        };
        let inner = || message.one_of_message(&item, is_value);
        match (item.field.number, item.field.wire_type) {
            (1, WireType::Len) => Self::String(Text::new(item.bytes())),
            (2, WireType::Varint) => Self::Bool(item.field.bits(item.buf) != 0),
            (3, WireType::Varint) => Self::Int(item.field.bits(item.buf) as i64),
            (4, WireType::Fixed64) => Self::Double(f64::from_bits(item.field.bits(item.buf))),
            (5, WireType::Len) => Self::Array(Array(inner())),
            (6, WireType::Len) => Self::Map(Attributes::new(inner(), 1)),
            (7, WireType::Len) => Self::Bytes(item.bytes()),
            _ => Self::Empty,
        }
    }

    /// The text of a string value.
    #[must_use]
    pub const fn as_text(&self) -> Option<Text<'a>> {
        match self {
            Self::String(text) => Some(*text),
            _ => None,
        }
    }

    /// Upstream's name of the kind: Empty, Str, Bool, Int, Double, Bytes, Slice, Map.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::String(_) => "Str",
            Self::Bool(_) => "Bool",
            Self::Int(_) => "Int",
            Self::Double(_) => "Double",
            Self::Bytes(_) => "Bytes",
            Self::Array(_) => "Slice",
            Self::Map(_) => "Map",
        }
    }
}

/// Equal if kind and content are; maps whatever the order of their keys, and a NaN is equal to
/// nothing.
impl PartialEq for AnyValue<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Empty, Self::Empty) => true,
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Double(a), Self::Double(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Array(a), Self::Array(b)) => a.iter().eq(b.iter()),
            (Self::Map(a), Self::Map(b)) => {
                a.iter().count() == b.iter().count()
                    && a.iter()
                        .all(|entry| b.get(entry.key().as_bytes()) == Some(entry.value()))
            }
            _ => false,
        }
    }
}

/// A list of values.
#[derive(Debug, Clone, Copy)]
pub struct Array<'a>(Message<'a>);

impl<'a> Array<'a> {
    /// The values in order.
    #[must_use]
    pub fn iter(&self) -> AnyValues<'a> {
        AnyValues(self.0.all(1))
    }
}

impl<'a> IntoIterator for Array<'a> {
    type Item = AnyValue<'a>;
    type IntoIter = AnyValues<'a>;

    fn into_iter(self) -> AnyValues<'a> {
        self.iter()
    }
}

/// Iterates over the values of a list.
#[derive(Debug, Clone)]
pub struct AnyValues<'a>(LenFields<'a>);

impl<'a> Iterator for AnyValues<'a> {
    type Item = AnyValue<'a>;

    fn next(&mut self) -> Option<AnyValue<'a>> {
        self.0.next().map(AnyValue::new)
    }
}

/// Attributes, or the entries of a map value: names with values, in order. A name may occur
/// twice although it should not.
#[derive(Debug, Clone, Copy, Default)]
pub struct Attributes<'a> {
    message: Message<'a>,
    number: u32,
}

impl<'a> Attributes<'a> {
    pub(in crate::pdata) const fn new(message: Message<'a>, number: u32) -> Self {
        Self { message, number }
    }

    /// The value of the first entry called `key`.
    #[must_use]
    pub fn get(&self, key: impl AsRef<[u8]>) -> Option<AnyValue<'a>> {
        let key = key.as_ref();
        self.iter()
            .find(|entry| entry.key.as_bytes() == key)
            .map(|entry| entry.value())
    }

    /// The entries in order.
    #[must_use]
    pub fn iter(&self) -> KeyValues<'a> {
        KeyValues(self.message.all(self.number))
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

impl<'a> IntoIterator for Attributes<'a> {
    type Item = KeyValue<'a>;
    type IntoIter = KeyValues<'a>;

    fn into_iter(self) -> KeyValues<'a> {
        self.iter()
    }
}

/// Iterates over attributes.
#[derive(Debug, Clone)]
pub struct KeyValues<'a>(LenFields<'a>);

impl<'a> Iterator for KeyValues<'a> {
    type Item = KeyValue<'a>;

    #[inline]
    fn next(&mut self) -> Option<KeyValue<'a>> {
        self.0.next().map(KeyValue::new)
    }
}

/// One attribute.
#[derive(Debug, Clone, Copy)]
pub struct KeyValue<'a> {
    key: Text<'a>,
    value: Message<'a>,
}

impl<'a> KeyValue<'a> {
    /// The attribute whose encoding is `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        let parts = split_key_value(bytes).unwrap_or_default();
        Self {
            key: Text::new(&bytes[parts.key.0..parts.key.1]),
            value: parts.value(bytes),
        }
    }

    /// The name.
    #[must_use]
    pub const fn key(&self) -> Text<'a> {
        self.key
    }

    /// The value; `Empty` if there is none.
    #[must_use]
    pub fn value(&self) -> AnyValue<'a> {
        AnyValue::of(self.value)
    }
}

/// Where key and value stand in an encoded `KeyValue`.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::pdata) struct KeyValueParts {
    /// From and to.
    pub(in crate::pdata) key: (usize, usize),
    /// From and to, of the last occurrence.
    pub(in crate::pdata) value: (usize, usize),
    /// The value has several occurrences, which merge.
    pub(in crate::pdata) merged: bool,
    /// There is nothing but one key and at most one value.
    pub(in crate::pdata) plain: bool,
}

impl KeyValueParts {
    /// The `AnyValue` in `bytes`, the `KeyValue` that was split.
    pub(in crate::pdata) fn value<'a>(&self, bytes: &'a [u8]) -> Message<'a> {
        if self.merged {
            Message::merged(bytes, 2)
        } else {
            Message::new(&bytes[self.value.0..self.value.1])
        }
    }
}

/// Finds key and value of an encoded `KeyValue`.
#[inline]
pub(in crate::pdata) fn split_key_value(bytes: &[u8]) -> Result<KeyValueParts, WireError> {
    // Key, then value, then the end: what everybody sends.
    if let Some((&[tag, key_length], rest)) = bytes.split_first_chunk()
        && tag == 0x0a
        && key_length < 0x80
        && rest.get(usize::from(key_length)) == Some(&0x12)
    {
        let key = (2, 2 + usize::from(key_length));
        let mut at = key.1 + 1;
        let length = read_varint(bytes, &mut at)?;
        if length == (bytes.len() - at) as u64 {
            let value = (at, bytes.len());
            return Ok(KeyValueParts {
                key,
                value,
                merged: false,
                plain: true,
            });
        }
    }
    split_any_key_value(bytes)
}

#[cold]
fn split_any_key_value(bytes: &[u8]) -> Result<KeyValueParts, WireError> {
    let mut parts = KeyValueParts {
        plain: true,
        ..Default::default()
    };
    let mut keys = 0;
    let mut values = 0;
    let mut pos = 0;
    while let Some(field) = read_field(bytes, &mut pos)? {
        match (field.number, field.wire_type) {
            (1, WireType::Len) => {
                parts.key = (field.value, field.end);
                keys += 1;
            }
            (2, WireType::Len) => {
                parts.value = (field.value, field.end);
                values += 1;
            }
            _ => parts.plain = false,
        }
    }
    parts.merged = values > 1;
    parts.plain &= keys <= 1 && values <= 1;
    Ok(parts)
}
