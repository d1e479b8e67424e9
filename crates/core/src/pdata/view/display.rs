//! Values as text, in the form in which the Collector shows them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::text::Text;
use super::value::{AnyValue, Attributes};
use crate::pdata::wire::MAX_DEPTH;

impl<'a> AnyValue<'a> {
    /// The value as text: a string as it is, numbers in their shortest form, bytes in base64,
    /// lists and maps as JSON, and nothing for an empty value. Source: Go
    /// `pcommon.Value.AsString`.
    #[must_use]
    pub fn to_text(&self) -> Cow<'a, [u8]> {
        match self {
            Self::String(text) => Cow::Borrowed(text.as_bytes()),
            other => Cow::Owned(other.to_string().into_bytes()),
        }
    }
}

/// As [`AnyValue::to_text`], with U+FFFD for what is not UTF-8.
impl fmt::Display for AnyValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => Ok(()),
            Self::String(text) => text.fmt(f),
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Double(value) if value.is_finite() => write_number(f, *value),
            Self::Double(value) => {
                f.write_str("json: unsupported value: ")?;
                f.write_str(not_finite(*value))
            }
            Self::Bytes(bytes) => f.write_str(&STANDARD.encode(bytes)),
            Self::Array(_) | Self::Map(_) => {
                // A list with a number that JSON does not have is shown as nothing, as upstream.
                let mut json = String::new();
                if write_json(&mut json, self, 0).is_ok() {
                    f.write_str(&json)?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for Attributes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        AnyValue::Map(*self).fmt(f)
    }
}

/// `NaN`, `+Inf` or `-Inf`.
pub(in crate::pdata) const fn not_finite(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "+Inf"
    } else {
        "-Inf"
    }
}

/// The shortest decimal form, with an exponent below 1e-6 and from 1e21 on, as JSON has it.
fn write_number(out: &mut impl fmt::Write, value: f64) -> fmt::Result {
    let magnitude = value.abs();
    if magnitude == 0.0 || (1e-6..1e21).contains(&magnitude) {
        return write!(out, "{value}");
    }
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((digits, exponent)) if !exponent.starts_with('-') => {
            write!(out, "{digits}e+{exponent}")
        }
        _ => out.write_str(&text),
    }
}

/// What is nested deeper than [`MAX_DEPTH`] is shown as `null`: nobody has checked how deep a value
/// is, and the stack has an end.
fn write_json(out: &mut String, value: &AnyValue<'_>, depth: usize) -> fmt::Result {
    match value {
        AnyValue::Array(_) | AnyValue::Map(_) if depth == MAX_DEPTH => out.write_str("null"),
        AnyValue::Empty => out.write_str("null"),
        AnyValue::String(text) => write_json_text(out, *text),
        AnyValue::Bool(value) => write!(out, "{value}"),
        AnyValue::Int(value) => write!(out, "{value}"),
        AnyValue::Double(value) if value.is_finite() => write_number(out, *value),
        AnyValue::Double(_) => Err(fmt::Error),
        AnyValue::Bytes(bytes) => write!(out, "\"{}\"", STANDARD.encode(bytes)),
        AnyValue::Array(values) => {
            out.push('[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_json(out, &value, depth + 1)?;
            }
            out.push(']');
            Ok(())
        }
        AnyValue::Map(entries) => {
            // In the order of the names; of a name that occurs twice the last value counts.
            let sorted: BTreeMap<_, _> = entries
                .iter()
                .map(|entry| (entry.key(), entry.value()))
                .collect();
            out.push('{');
            for (index, (key, value)) in sorted.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_json_text(out, *key)?;
                out.push(':');
                write_json(out, value, depth + 1)?;
            }
            out.push('}');
            Ok(())
        }
    }
}

/// A JSON string, escaped so that it can stand in HTML, too, as Go does it.
fn write_json_text(out: &mut String, text: Text<'_>) -> fmt::Result {
    out.push('"');
    for chunk in text.as_bytes().utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\u{8}' => out.push_str("\\b"),
                '\u{c}' => out.push_str("\\f"),
                '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                    write!(out, "\\u{:04x}", u32::from(character))?;
                }
                other => out.push(other),
            }
        }
        if !chunk.invalid().is_empty() {
            out.push_str("\\ufffd");
        }
    }
    out.push('"');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pdata::edit::EncodedValue;

    fn text(value: &EncodedValue) -> String {
        value.view().to_string()
    }

    #[test]
    fn scalars_are_shown_as_upstream_shows_them() {
        for (value, shown) in [
            (EncodedValue::default(), ""),
            (EncodedValue::new("a b"), "a b"),
            (EncodedValue::new(&true), "true"),
            (EncodedValue::new(&-5_i64), "-5"),
            (EncodedValue::new(&1.0), "1"),
            (EncodedValue::new(&-0.0), "-0"),
            (EncodedValue::new(&0.25), "0.25"),
            (EncodedValue::new(&1e20), "100000000000000000000"),
            (EncodedValue::new(&1e21), "1e+21"),
            (EncodedValue::new(&1.5e-7), "1.5e-7"),
            (EncodedValue::new(&1e-6), "0.000001"),
            (EncodedValue::new(&f64::NAN), "json: unsupported value: NaN"),
            (
                EncodedValue::new(&f64::NEG_INFINITY),
                "json: unsupported value: -Inf",
            ),
            (EncodedValue::new(b"\x01\xff".as_slice()), "Af8="),
        ] {
            assert_eq!(text(&value), shown);
        }
    }

    #[test]
    fn lists_and_maps_are_json_with_sorted_names() {
        let one = EncodedValue::new(&1_i64);
        let html = EncodedValue::new("<a>&\"\u{1}");
        let list = EncodedValue::array([&one, &html, &EncodedValue::default()]);
        assert_eq!(text(&list), r#"[1,"\u003ca\u003e\u0026\"\u0001",null]"#);
        let map = EncodedValue::map([("b", &list), ("a", &one), ("a", &html)]);
        let expected =
            r#"{"a":"\u003ca\u003e\u0026\"\u0001","b":[1,"\u003ca\u003e\u0026\"\u0001",null]}"#;
        assert_eq!(text(&map), expected);
        assert_eq!(
            text(&EncodedValue::array([&EncodedValue::new(&f64::NAN)])),
            ""
        );
    }

    #[test]
    fn a_value_of_any_depth_is_shown() {
        let mut value = EncodedValue::new(&1_i64);
        for _ in 0..2000 {
            value = EncodedValue::array([&value]);
        }
        let expected = format!("{}null{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
        assert_eq!(text(&value), expected);
    }

    #[test]
    fn bytes_that_are_not_utf8_survive_as_bytes_and_are_shown_replaced() {
        let value = EncodedValue::new(&Text::new(b"a\xffb"));
        assert_eq!(*value.view().to_text(), *b"a\xffb");
        assert_eq!(text(&value), "a\u{fffd}b");
    }
}
