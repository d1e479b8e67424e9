//! Tests of types, and conversions between them.

use super::Arguments;
use crate::error::EvalError;
use crate::value::Value;

type Result<'a> = std::result::Result<Value<'a>, EvalError>;

pub(super) fn is_bool<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    Ok(Value::Bool(matches!(arguments.value(0)?, Value::Bool(_))))
}

pub(super) fn is_double<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    Ok(Value::Bool(matches!(arguments.value(0)?, Value::Double(_))))
}

pub(super) fn is_int<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    Ok(Value::Bool(matches!(arguments.value(0)?, Value::Int(_))))
}

pub(super) fn is_string<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    Ok(Value::Bool(matches!(arguments.value(0)?, Value::String(_))))
}

pub(super) fn is_map<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    Ok(Value::Bool(matches!(arguments.value(0)?, Value::Map(_))))
}

pub(super) fn is_list<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let value = arguments.value(0)?;
    let list = match value {
        Value::List(_) => true,
        Value::Parts { what, .. } => !matches!(what, "status" | "buckets"),
        _ => false,
    };
    Ok(Value::Bool(list))
}

pub(super) fn to_bool<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let value = arguments.value(0)?.bool_like()?;
    Ok(value.map_or(Value::Nil, Value::Bool))
}

pub(super) fn to_int<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let value = arguments.value(0)?.int_like()?;
    Ok(value.map_or(Value::Nil, Value::Int))
}

pub(super) fn to_double<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let value = arguments.value(0)?.double_like()?;
    Ok(value.map_or(Value::Nil, Value::Double))
}

pub(super) fn to_string<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let value = arguments.value(0)?.string_like()?;
    Ok(value.map_or(Value::Nil, Value::String))
}

/// The natural logarithm.
pub(super) fn log<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    match arguments.value(0)?.double_like()? {
        Some(value) if value > 0.0 => Ok(Value::Double(value.ln())),
        Some(value) => Err(EvalError::new(format!(
            "logarithm of {value}: it must be greater than zero"
        ))),
        None => Err(EvalError::new("logarithm of nil")),
    }
}
