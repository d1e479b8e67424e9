//! Values as arguments want them. Source: the getters of Go `pkg/ottl/expression.go`.

use std::borrow::Cow;

use headwater_core::pdata::edit::{EncodeValue, EncodedValue};
use headwater_core::pdata::view::Text;

use super::{List, Map, Value, hex};
use crate::error::EvalError;

impl<'a> Value<'a> {
    /// The text of a string.
    pub(crate) fn string(self) -> Result<Cow<'a, [u8]>, EvalError> {
        match self {
            Self::String(text) => Ok(text),
            other => Err(EvalError::expected("string", other.kind())),
        }
    }

    /// Anything as text; `None` for nil.
    pub(crate) fn string_like(self) -> Result<Option<Cow<'a, [u8]>>, EvalError> {
        Ok(Some(match self {
            Self::Nil => return Ok(None),
            Self::String(text) => text,
            Self::Bytes(bytes) => hex(&bytes).into(),
            Self::Id(id) => id.hex().into(),
            Self::Bool(value) => Cow::Owned(value.to_string().into_bytes()),
            Self::Int(value) | Self::Duration(value) => Cow::Owned(value.to_string().into_bytes()),
            Self::Time(time) => crate::math::rfc3339(time).into_bytes().into(),
            Self::Parts { what, .. } => {
                return Err(EvalError::new(format!("unsupported type: {what}")));
            }
            other @ (Self::Double(_) | Self::List(_) | Self::Map(_)) => {
                let encoded = other.encoded();
                encoded.view().to_text().into_owned().into()
            }
        }))
    }

    pub(crate) fn int(&self) -> Result<i64, EvalError> {
        match self {
            Self::Int(value) => Ok(*value),
            other => Err(EvalError::expected("int64", other.kind())),
        }
    }

    /// A number, a bool or digits as a whole number; `None` for nil and for other texts.
    pub(crate) fn int_like(&self) -> Result<Option<i64>, EvalError> {
        Ok(match self {
            Self::Nil => None,
            Self::Int(value) => Some(*value),
            Self::Double(value) => Some(*value as i64),
            Self::Bool(value) => Some(i64::from(*value)),
            Self::String(text) => number(text),
            other => {
                return Err(EvalError::new(format!(
                    "unsupported type: {}",
                    other.kind()
                )));
            }
        })
    }

    /// A number, a bool or digits as a double; `None` for nil.
    pub(crate) fn double_like(&self) -> Result<Option<f64>, EvalError> {
        Ok(Some(match self {
            Self::Nil => return Ok(None),
            Self::Int(value) => *value as f64,
            Self::Double(value) => *value,
            Self::Bool(value) => f64::from(u8::from(*value)),
            Self::String(text) => number(text)
                .ok_or_else(|| EvalError::new(format!("{:?} is not a number", Text::new(text))))?,
            other => {
                return Err(EvalError::new(format!(
                    "unsupported type: {}",
                    other.kind()
                )));
            }
        }))
    }

    /// A number, a bool or its name as a bool; `None` for nil.
    pub(crate) fn bool_like(&self) -> Result<Option<bool>, EvalError> {
        Ok(Some(match self {
            Self::Nil => return Ok(None),
            Self::Bool(value) => *value,
            Self::Int(value) => *value != 0,
            Self::Double(value) => *value != 0.0,
            Self::String(text) => match &**text {
                b"1" | b"t" | b"T" | b"true" | b"TRUE" | b"True" => true,
                b"0" | b"f" | b"F" | b"false" | b"FALSE" | b"False" => false,
                other => {
                    let message = format!("{:?} is not a bool", Text::new(other));
                    return Err(EvalError::new(message));
                }
            },
            other => {
                return Err(EvalError::new(format!(
                    "unsupported type: {}",
                    other.kind()
                )));
            }
        }))
    }

    pub(crate) fn list(self) -> Result<List<'a>, EvalError> {
        match self {
            Self::List(list) => Ok(list),
            other => Err(EvalError::expected("list", other.kind())),
        }
    }

    pub(crate) fn map(self) -> Result<Map<'a>, EvalError> {
        match self {
            Self::Map(map) => Ok(map),
            other => Err(EvalError::expected("map", other.kind())),
        }
    }

    pub(crate) fn time(&self) -> Result<i64, EvalError> {
        match self {
            Self::Time(time) => Ok(*time),
            other => Err(EvalError::expected("time", other.kind())),
        }
    }

    pub(crate) fn duration(&self) -> Result<i64, EvalError> {
        match self {
            Self::Duration(duration) => Ok(*duration),
            other => Err(EvalError::expected("duration", other.kind())),
        }
    }

    /// The value as telemetry holds it.
    pub(crate) fn encoded(&self) -> EncodedValue {
        match self {
            Self::List(list) => {
                let values: Vec<_> = list.iter().map(|value| value.encoded()).collect();
                EncodedValue::array(&values)
            }
            Self::Map(map) => {
                let entries: Vec<_> = map
                    .iter()
                    .map(|(key, value)| {
                        let key = String::from_utf8_lossy(&key).into_owned();
                        (key, value.encoded())
                    })
                    .collect();
                EncodedValue::map(entries.iter().map(|(key, value)| (key.as_str(), value)))
            }
            scalar => EncodedValue::new(&Scalar(scalar)),
        }
    }
}

struct Scalar<'v, 'a>(&'v Value<'a>);

impl EncodeValue for Scalar<'_, '_> {
    fn encode_value(&self, out: &mut Vec<u8>) {
        match self.0 {
            Value::Bool(value) => value.encode_value(out),
            Value::Int(value) | Value::Time(value) | Value::Duration(value) => {
                value.encode_value(out);
            }
            Value::Double(value) => value.encode_value(out),
            Value::String(text) => Text::new(text).encode_value(out),
            Value::Bytes(bytes) => bytes[..].encode_value(out),
            Value::Id(id) => id.as_bytes().encode_value(out),
            Value::Nil | Value::List(_) | Value::Map(_) | Value::Parts { .. } => {}
        }
    }
}

fn number<T: std::str::FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
