//! `AnyValue`, `KeyValue` and lists of them.

use bytes::Bytes;

use super::codec::{Codec, Source, Unknown, bits, expect, push_message};
use super::codec::{put_bytes, put_message, put_number, put_present};
use super::text::Text;
use crate::pdata::edit::EncodeValue;
use crate::pdata::wire::{Field, WireError, WireType, put_len_field, put_tag, put_varint};

/// A value of any kind.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AnyValue {
    /// The value.
    pub value: Value,
    /// Fields that this program does not know.
    pub unknown: Unknown,
}

/// What a value is.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Value {
    /// No value at all.
    #[default]
    Empty,
    /// Text.
    String(Text),
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Double(f64),
    /// Opaque bytes.
    Bytes(Bytes),
    /// A list of values.
    Array(Array),
    /// Names and values.
    Map(KeyValueList),
    /// A place in the table of strings that profiles have; elsewhere nobody can read it.
    StringIndex(i32),
}

/// A list of values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Array {
    /// The values.
    pub values: Vec<AnyValue>,
    /// Fields that this program does not know.
    pub unknown: Unknown,
}

/// Names and values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KeyValueList {
    /// The entries.
    pub values: Vec<KeyValue>,
    /// Fields that this program does not know.
    pub unknown: Unknown,
}

/// One attribute.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KeyValue {
    /// The name.
    pub key: Text,
    /// The value.
    pub value: AnyValue,
    /// The name as a place in the table of strings that profiles have; 0 elsewhere.
    pub key_strindex: i32,
    /// Fields that this program does not know.
    pub unknown: Unknown,
}

impl KeyValue {
    /// An attribute.
    pub fn new(key: impl Into<Text>, value: impl Into<AnyValue>) -> Self {
        Self {
            key: key.into(),
            value: value.into(),
            ..Self::default()
        }
    }
}

impl From<Value> for AnyValue {
    fn from(value: Value) -> Self {
        Self {
            value,
            unknown: Unknown::default(),
        }
    }
}

macro_rules! any_value_from {
    ($($type:ty => $variant:ident),+) => {$(
        impl From<$type> for AnyValue {
            fn from(value: $type) -> Self {
                Value::$variant(value.into()).into()
            }
        }
    )+};
}

any_value_from!(Text => String, &str => String, String => String, bool => Bool, i64 => Int, f64 => Double, Bytes => Bytes);

impl From<Vec<AnyValue>> for AnyValue {
    fn from(values: Vec<Self>) -> Self {
        Value::Array(Array {
            values,
            unknown: Unknown::default(),
        })
        .into()
    }
}

impl From<Vec<KeyValue>> for AnyValue {
    fn from(values: Vec<KeyValue>) -> Self {
        Value::Map(KeyValueList {
            values,
            unknown: Unknown::default(),
        })
        .into()
    }
}

impl EncodeValue for AnyValue {
    fn encode_value(&self, out: &mut Vec<u8>) {
        self.put(out);
    }
}

impl AnyValue {
    /// Whether there is nothing to write.
    pub(super) fn is_absent(&self) -> bool {
        matches!(self.value, Value::Empty) && self.unknown.as_bytes().is_empty()
    }
}

impl Codec for AnyValue {
    const NAME: &'static str = "AnyValue";

    fn merge_field(
        &mut self,
        field: &Field,
        bytes: &[u8],
        source: Source<'_>,
    ) -> Result<bool, WireError> {
        let content = || expect::<Self>(field, WireType::Len).map(|()| field.bytes(bytes));
        let number = |wanted| bits::<Self>(field, bytes, wanted);
        self.value = match field.number {
            1 => Value::String(Text::new(source.slice(content()?))),
            2 => Value::Bool(number(WireType::Varint)? != 0),
            3 => Value::Int(number(WireType::Varint)? as i64),
            4 => Value::Double(f64::from_bits(number(WireType::Fixed64)?)),
            5 => {
                let mut array = match std::mem::take(&mut self.value) {
                    Value::Array(array) => array,
                    _ => Array::default(),
                };
                array.merge(content()?, source.deeper()?)?;
                Value::Array(array)
            }
            6 => {
                let mut map = match std::mem::take(&mut self.value) {
                    Value::Map(map) => map,
                    _ => KeyValueList::default(),
                };
                map.merge(content()?, source.deeper()?)?;
                Value::Map(map)
            }
            7 => Value::Bytes(source.slice(content()?)),
            8 => Value::StringIndex(number(WireType::Varint)? as i32),
            _ => return Ok(false),
        };
        Ok(true)
    }

    fn unknown(&mut self) -> &mut Unknown {
        &mut self.unknown
    }

    fn put(&self, out: &mut Vec<u8>) {
        // A member of a oneof is written even if it is empty or 0.
        match &self.value {
            Value::Empty => {}
            Value::String(text) => put_len_field(out, 1, text.as_bytes()),
            Value::Bool(value) => value.encode_value(out),
            Value::Int(value) => value.encode_value(out),
            Value::Double(value) => put_present(out, 4, value.to_bits()),
            Value::Array(array) => put_message(out, 5, array),
            Value::Map(map) => put_message(out, 6, map),
            Value::Bytes(bytes) => put_len_field(out, 7, bytes),
            Value::StringIndex(index) => {
                put_tag(out, 8, WireType::Varint);
                put_varint(out, i64::from(*index) as u64);
            }
        }
        out.extend_from_slice(self.unknown.as_bytes());
    }
}

macro_rules! list {
    ($name:ident, $proto:literal) => {
        impl Codec for $name {
            const NAME: &'static str = $proto;

            fn merge_field(
                &mut self,
                field: &Field,
                bytes: &[u8],
                source: Source<'_>,
            ) -> Result<bool, WireError> {
                if field.number != 1 {
                    return Ok(false);
                }
                expect::<Self>(field, WireType::Len)?;
                push_message(&mut self.values, field.bytes(bytes), source)?;
                Ok(true)
            }

            fn unknown(&mut self) -> &mut Unknown {
                &mut self.unknown
            }

            fn put(&self, out: &mut Vec<u8>) {
                self.values
                    .iter()
                    .for_each(|value| put_message(out, 1, value));
                out.extend_from_slice(self.unknown.as_bytes());
            }
        }
    };
}

list!(Array, "ArrayValue");
list!(KeyValueList, "KeyValueList");

impl Codec for KeyValue {
    const NAME: &'static str = "KeyValue";

    fn merge_field(
        &mut self,
        field: &Field,
        bytes: &[u8],
        source: Source<'_>,
    ) -> Result<bool, WireError> {
        match field.number {
            1 => {
                expect::<Self>(field, WireType::Len)?;
                self.key = Text::new(source.slice(field.bytes(bytes)));
            }
            2 => {
                expect::<Self>(field, WireType::Len)?;
                self.value.merge(field.bytes(bytes), source.deeper()?)?;
            }
            3 => self.key_strindex = bits::<Self>(field, bytes, WireType::Varint)? as i32,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn unknown(&mut self) -> &mut Unknown {
        &mut self.unknown
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_bytes(out, 1, self.key.as_bytes());
        // Always there, as upstream writes it.
        put_message(out, 2, &self.value);
        put_number(out, 3, i64::from(self.key_strindex) as u64);
        out.extend_from_slice(self.unknown.as_bytes());
    }
}
