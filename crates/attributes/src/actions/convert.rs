//! `convert`: the same value as another type.

use headwater_core::pdata::edit::EncodeValue;
use headwater_core::pdata::view::AnyValue;

/// What to convert to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Int,
    Double,
    String,
}

/// A converted value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Converted {
    Int(i64),
    Double(f64),
    String(String),
}

impl EncodeValue for Converted {
    fn encode_value(&self, out: &mut Vec<u8>) {
        match self {
            Self::Int(value) => value.encode_value(out),
            Self::Double(value) => value.encode_value(out),
            Self::String(value) => value.encode_value(out),
        }
    }
}

impl Target {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "int" => Some(Self::Int),
            "double" => Some(Self::Double),
            "string" => Some(Self::String),
            _ => None,
        }
    }

    /// The converted value; `None` if it has the type already or cannot have it.
    pub(super) fn convert(self, value: &AnyValue<'_>) -> Option<Converted> {
        Some(match (self, value) {
            (Self::String, AnyValue::String(_))
            | (Self::Int, AnyValue::Int(_))
            | (Self::Double, AnyValue::Double(_)) => return None,
            (Self::String, value) => Converted::String(value.to_string()),
            (Self::Int, AnyValue::Bool(value)) => Converted::Int(i64::from(*value)),
            (Self::Int, AnyValue::Double(value)) => Converted::Int(truncate(*value)),
            (Self::Int, AnyValue::String(text)) => Converted::Int(text.to_str()?.parse().ok()?),
            (Self::Double, AnyValue::Bool(value)) => Converted::Double(f64::from(u8::from(*value))),
            (Self::Double, AnyValue::Int(value)) => Converted::Double(*value as f64),
            (Self::Double, AnyValue::String(text)) => {
                Converted::Double(parse_double(text.to_str()?)?)
            }
            (Self::Int | Self::Double, _) => return None,
        })
    }
}

/// Without the fraction. What no int can hold becomes the smallest one, as in Go on amd64.
fn truncate(value: f64) -> i64 {
    const END: f64 = 9_223_372_036_854_775_808.0;
    if (-END..END).contains(&value) {
        value as i64
    } else {
        i64::MIN
    }
}

/// Decimal numbers, `NaN`, `Inf` and `Infinity` in any case. One that is too large is none.
fn parse_double(text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok()?;
    let named = text
        .bytes()
        .any(|byte| byte.is_ascii_alphabetic() && !byte.eq_ignore_ascii_case(&b'e'));
    let signed = text.starts_with(['+', '-']);
    let valid = if value.is_nan() {
        !signed
    } else {
        value.is_finite() || named
    };
    valid.then_some(value)
}
