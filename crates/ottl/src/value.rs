//! Values on the way through an evaluation.

mod collections;
mod convert;

use std::borrow::Cow;

pub use collections::{List, Map};
use headwater_core::pdata::view::{AnyValue, Text};

/// A value. What telemetry holds is borrowed from it.
#[derive(Debug, Clone)]
pub enum Value<'a> {
    /// Nothing.
    Nil,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Double(f64),
    /// Text; as in telemetry, nobody has checked that it is UTF-8.
    String(Cow<'a, [u8]>),
    /// Opaque bytes.
    Bytes(Cow<'a, [u8]>),
    /// The id of a trace or span.
    Id(Id),
    /// A moment. Unit: nanoseconds since 1970.
    Time(i64),
    /// A span of time. Unit: nanoseconds.
    Duration(i64),
    /// Values.
    List(List<'a>),
    /// Names with values.
    Map(Map<'a>),
    /// Parts of telemetry of which only the number can be asked: events, links, data points.
    Parts {
        /// How many there are.
        count: usize,
        /// What they are, for messages.
        what: &'static str,
    },
}

/// The id of a trace or span; all zeros if there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id {
    bytes: [u8; 16],
    /// 16 for traces, 8 for spans.
    length: u8,
}

impl Id {
    /// The id of a trace; zeros unless there are 16 bytes.
    #[must_use]
    pub fn trace(bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.try_into().unwrap_or_default(),
            length: 16,
        }
    }

    /// The id of a span; zeros unless there are 8 bytes.
    #[must_use]
    pub fn span(bytes: &[u8]) -> Self {
        let mut id = Self {
            bytes: [0; 16],
            length: 8,
        };
        if bytes.len() == 8 {
            id.bytes[..8].copy_from_slice(bytes);
        }
        id
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// In hexadecimal.
    #[must_use]
    pub fn hex(&self) -> Vec<u8> {
        hex(self.as_bytes())
    }
}

pub(crate) fn hex(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = Vec::with_capacity(bytes.len() * 2);
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
    out
}

impl<'a> Value<'a> {
    /// A text.
    pub(crate) fn text(text: impl Into<Cow<'a, [u8]>>) -> Self {
        Self::String(text.into())
    }

    pub(crate) const fn borrowed(text: Text<'a>) -> Self {
        Self::String(Cow::Borrowed(text.as_bytes()))
    }

    /// What an attribute or body holds.
    #[must_use]
    pub const fn of(value: AnyValue<'a>) -> Self {
        match value {
            AnyValue::Empty => Self::Nil,
            AnyValue::String(text) => Self::borrowed(text),
            AnyValue::Bool(value) => Self::Bool(value),
            AnyValue::Int(value) => Self::Int(value),
            AnyValue::Double(value) => Self::Double(value),
            AnyValue::Bytes(bytes) => Self::Bytes(Cow::Borrowed(bytes)),
            AnyValue::Array(array) => Self::List(List::View(array)),
            AnyValue::Map(map) => Self::Map(Map::View(map)),
        }
    }

    /// Whether there is nothing.
    #[must_use]
    pub const fn is_nil(&self) -> bool {
        matches!(self, Self::Nil)
    }

    /// The kind, for messages.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Nil => "nil",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Double(_) => "double",
            Self::String(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::Id(_) => "id",
            Self::Time(_) => "time",
            Self::Duration(_) => "duration",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Parts { what, .. } => what,
        }
    }

    /// The same value, borrowed from this one.
    pub(crate) fn reborrow(&'a self) -> Self {
        match self {
            Self::String(text) => Self::String(Cow::Borrowed(text)),
            Self::Bytes(bytes) => Self::Bytes(Cow::Borrowed(bytes)),
            Self::List(List::Owned(values)) => Self::List(List::Slice(values)),
            Self::Map(Map::Owned(entries)) => Self::Map(Map::Slice(entries)),
            other => other.clone(),
        }
    }

    /// The same value without what it borrows.
    pub(crate) fn into_owned(self) -> Value<'static> {
        match self {
            Self::Nil => Value::Nil,
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Int(value),
            Self::Double(value) => Value::Double(value),
            Self::String(text) => Value::String(Cow::Owned(text.into_owned())),
            Self::Bytes(bytes) => Value::Bytes(Cow::Owned(bytes.into_owned())),
            Self::Id(id) => Value::Id(id),
            Self::Time(time) => Value::Time(time),
            Self::Duration(duration) => Value::Duration(duration),
            Self::List(list) => {
                Value::List(List::Owned(list.iter().map(Value::into_owned).collect()))
            }
            Self::Map(map) => {
                let owned = |(key, value): (Cow<'_, [u8]>, Value<'_>)| {
                    (Cow::Owned(key.into_owned()), value.into_owned())
                };
                Value::Map(Map::Owned(map.iter().map(owned).collect()))
            }
            Self::Parts { count, what } => Value::Parts { count, what },
        }
    }
}
