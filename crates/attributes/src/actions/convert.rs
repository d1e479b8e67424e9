//! `convert`: the same value as another type.

use headwater_core::pdata::edit::EncodedValue;
use headwater_core::pdata::view::AnyValue;

/// What to convert to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Int,
    Double,
    String,
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
    pub(super) fn convert(self, value: &AnyValue<'_>) -> Option<EncodedValue> {
        match (self, value) {
            (Self::String, AnyValue::String(_))
            | (Self::Int, AnyValue::Int(_))
            | (Self::Double, AnyValue::Double(_)) => None,
            (Self::String, value) => Some(EncodedValue::new(value.to_string().as_str())),
            (Self::Int, AnyValue::Bool(value)) => Some(EncodedValue::new(&i64::from(*value))),
            (Self::Int, AnyValue::Double(value)) => Some(EncodedValue::new(&truncate(*value))),
            (Self::Int, AnyValue::String(text)) => {
                let value: i64 = text.to_str()?.parse().ok()?;
                Some(EncodedValue::new(&value))
            }
            (Self::Double, AnyValue::Bool(value)) => {
                Some(EncodedValue::new(&f64::from(u8::from(*value))))
            }
            (Self::Double, AnyValue::Int(value)) => Some(EncodedValue::new(&(*value as f64))),
            (Self::Double, AnyValue::String(text)) => {
                Some(EncodedValue::new(&parse_double(text.to_str()?)?))
            }
            (Self::Int | Self::Double, _) => None,
        }
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
