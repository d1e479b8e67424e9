//! Values of attributes, and how they are written.

use std::borrow::Cow;

use headwater_core::pdata::wire::{WireType, put_len_field, put_tag, put_varint, varint_len};

/// A value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    Text(Cow<'a, str>),
    Bool(bool),
    Int(i64),
    Double(f64),
}

impl<'a> Value<'a> {
    /// The text, or what it reads as. Source: Go, DetermineValueType.
    pub(crate) fn of(text: Cow<'a, str>, parse: bool) -> Self {
        if !parse {
            return Self::Text(text);
        }
        let digits = text.strip_prefix('-').unwrap_or(&text);
        let is_digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_digits(digits) {
            // One that is too large is the largest there is, as in Go.
            let limit = if text.starts_with('-') {
                i64::MIN
            } else {
                i64::MAX
            };
            return Self::Int(text.parse().unwrap_or(limit));
        }
        if let Some((whole, rest)) = digits.split_once('.')
            && is_digits(whole)
            && is_digits(rest)
        {
            return Self::Double(text.parse().unwrap_or(f64::INFINITY));
        }
        match &*text {
            "true" => Self::Bool(true),
            "false" => Self::Bool(false),
            _ => Self::Text(text),
        }
    }

    pub(crate) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => put_len_field(out, 1, text.as_bytes()),
            Self::Bool(value) => {
                put_tag(out, 2, WireType::Varint);
                put_varint(out, u64::from(*value));
            }
            Self::Int(value) => {
                put_tag(out, 3, WireType::Varint);
                put_varint(out, value.cast_unsigned());
            }
            Self::Double(value) => {
                put_tag(out, 4, WireType::Fixed64);
                out.extend_from_slice(&value.to_bits().to_le_bytes());
            }
        }
    }

    /// How long [`Value::put`] is.
    fn length(&self) -> usize {
        match self {
            Self::Text(text) => 1 + varint_len(text.len() as u64) + text.len(),
            Self::Bool(_) => 2,
            Self::Int(value) => 1 + varint_len(value.cast_unsigned()),
            Self::Double(_) => 9,
        }
    }
}

/// Appends a `KeyValue` as field `number`.
pub(crate) fn put_attribute(out: &mut Vec<u8>, number: u32, key: &str, value: &Value<'_>) {
    let value_length = value.length();
    let length = 1
        + varint_len(key.len() as u64)
        + key.len()
        + 1
        + varint_len(value_length as u64)
        + value_length;
    put_tag(out, number, WireType::Len);
    put_varint(out, length as u64);
    put_len_field(out, 1, key.as_bytes());
    put_tag(out, 2, WireType::Len);
    put_varint(out, value_length as u64);
    value.put(out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_read_as_numbers_or_words_become_such_only_if_asked() {
        let parsed = |text: &'static str| Value::of(text.into(), true);
        assert_eq!(parsed("-12"), Value::Int(-12));
        assert_eq!(parsed("99999999999999999999"), Value::Int(i64::MAX));
        assert_eq!(parsed("-99999999999999999999"), Value::Int(i64::MIN));
        assert_eq!(parsed("-1.50"), Value::Double(-1.5));
        assert_eq!(parsed("true"), Value::Bool(true));
        for text in [
            "",
            "-",
            "1.",
            ".5",
            "1e3",
            "+1",
            "TRUE",
            " 1",
            "{\"a\":1}",
            "[1]",
            "1.2.3",
        ] {
            assert_eq!(parsed(text), Value::text(text), "{text}");
        }
        assert_eq!(Value::of("1".into(), false), Value::text("1"));
    }
}
