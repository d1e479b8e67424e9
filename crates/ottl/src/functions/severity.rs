//! `ParseSeverity`: the level that a text or a number stands for.

use super::Arguments;
use crate::error::EvalError;
use crate::value::{Map, Value};

/// The first level of the mapping of which a criterion holds.
pub(super) fn parse<'a>(arguments: &Arguments<'a, '_>) -> Result<Value<'a>, EvalError> {
    let target = arguments.value(0)?;
    if !matches!(target, Value::String(_) | Value::Int(_)) {
        return Err(EvalError::new(format!(
            "could not map log level: log level must be either string or int64, but got {}",
            target.kind()
        )));
    }
    let mapping = arguments.value(1)?.map()?;
    for (level, criteria) in mapping.iter() {
        let criteria = criteria
            .list()
            .map_err(|_| invalid("the criteria of a level are a list"))?;
        for criterion in criteria.iter() {
            let criterion = criterion
                .map()
                .map_err(|_| invalid("a criterion is a map with `equals` or `range`"))?;
            if holds(&criterion, &target)? {
                return Ok(Value::String(level));
            }
        }
    }
    let shown = target.string_like()?.unwrap_or_default();
    Err(EvalError::new(format!(
        "could not map log level: no matching log level found for value '{}'",
        String::from_utf8_lossy(&shown)
    )))
}

fn invalid(message: &str) -> EvalError {
    EvalError::new(format!("invalid severity mapping: {message}"))
}

fn holds(criterion: &Map<'_>, target: &Value<'_>) -> Result<bool, EvalError> {
    match target {
        Value::String(text) => {
            let Some(equals) = criterion.get(b"equals") else {
                return Ok(false);
            };
            let texts = equals.list().map_err(|_| invalid("`equals` is a list"))?;
            let found = texts
                .iter()
                .any(|known| matches!(known, Value::String(known) if known == *text));
            Ok(found)
        }
        Value::Int(number) => match criterion.get(b"range") {
            None => Ok(false),
            Some(range) => Ok(bounds(&range)?.contains(number)),
        },
        _ => Ok(false),
    }
}

/// A range with both its ends, written out or as a placeholder for codes of HTTP.
fn bounds(range: &Value<'_>) -> Result<std::ops::RangeInclusive<i64>, EvalError> {
    match range {
        Value::String(name) => match &**name {
            [digit @ b'2'..=b'5', b'x', b'x'] => {
                let from = i64::from(digit - b'0') * 100;
                Ok(from..=from + 99)
            }
            _ => Err(invalid(
                "a range is one of \"2xx\" to \"5xx\", or has `min` and `max`",
            )),
        },
        Value::Map(map) => match (map.get(b"min"), map.get(b"max")) {
            (Some(Value::Int(min)), Some(Value::Int(max))) => Ok(min..=max),
            _ => Err(invalid("`min` and `max` of a range are whole numbers")),
        },
        _ => Err(invalid(
            "a range is one of \"2xx\" to \"5xx\", or has `min` and `max`",
        )),
    }
}
