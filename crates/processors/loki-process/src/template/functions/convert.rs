//! From one type to another.

use headwater_logs::{Map, Value};

use super::super::value::Val;
use super::{Arguments, Function, Result, function};
use crate::go_json;

pub(super) const TABLE: &[Function] = &[
    function("atoi", 1, 1, |a| {
        Ok(Val::Int(a.text()?.parse().unwrap_or(0)))
    }),
    function("int", 1, 1, |a| Ok(Val::Int(a.whole()))),
    function("int64", 1, 1, |a| Ok(Val::Int(a.whole()))),
    function("float64", 1, 1, |a| Ok(Val::Float(a.float()))),
    function("toDecimal", 1, 1, |a| {
        Ok(Val::Int(i64::from_str_radix(&a.shown(), 8).unwrap_or(0)))
    }),
    function("toStrings", 1, 1, |a| {
        Ok(a.list()?.iter().map(Val::show).collect::<Vec<_>>().into())
    }),
    function("toJson", 1, 1, to_json),
    function("mustToJson", 1, 1, to_json),
    function("toRawJson", 1, 1, |a| {
        let mut json = json(&a.any());
        for (escaped, plain) in [("\\u003c", "<"), ("\\u003e", ">"), ("\\u0026", "&")] {
            json = json.replace(escaped, plain);
        }
        Ok(json.into())
    }),
    function("fromJson", 1, 1, |a| {
        Ok(from_json(&a.text()?).unwrap_or(Val::Nil))
    }),
    function("mustFromJson", 1, 1, |a| from_json(&a.text()?)),
];

/// A whole number of whatever it is; 0 if it is none. Source: `cast.ToInt64`.
#[expect(clippy::cast_possible_truncation, reason = "as Go converts")]
pub(super) fn int(value: &Val) -> i64 {
    match value {
        Val::Int(value) => *value,
        Val::Float(value) => *value as i64,
        Val::Bool(value) => i64::from(*value),
        Val::Str(text) => {
            let (sign, digits) = match text.strip_prefix('-') {
                Some(digits) => (-1, digits),
                None => (1, text.strip_prefix('+').unwrap_or(text)),
            };
            let radix = |prefix: &str, radix| {
                let digits = digits.strip_prefix(prefix)?;
                i64::from_str_radix(digits, radix).ok()
            };
            let whole = radix("0x", 16)
                .or_else(|| radix("0b", 2))
                .or_else(|| radix("0o", 8))
                .or_else(|| digits.parse().ok());
            sign * whole.unwrap_or(0)
        }
        _ => 0,
    }
}

/// A number of whatever it is; 0 if it is none.
#[expect(clippy::cast_precision_loss, reason = "as Go converts")]
pub(super) fn float(value: &Val) -> f64 {
    match value {
        Val::Int(value) => *value as f64,
        Val::Float(value) => *value,
        Val::Bool(value) => f64::from(u8::from(*value)),
        Val::Str(text) => text.parse().unwrap_or(0.0),
        _ => 0.0,
    }
}

fn to_json(a: &mut Arguments<'_>) -> Result {
    Ok(json(&a.any()).into())
}

fn json(value: &Val) -> String {
    let mut out = String::new();
    go_json::put_value(&mut out, &to_value(value));
    out
}

fn to_value(value: &Val) -> Value<'_> {
    match value {
        Val::Missing | Val::Nil => Value::Null,
        Val::Bool(value) => Value::Bool(*value),
        Val::Int(value) => Value::Int(*value),
        Val::Float(value) => Value::Float(*value),
        Val::Str(text) => Value::from(text.as_str()),
        Val::List(items) => Value::List(items.iter().map(to_value).collect()),
        Val::Map(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                map.insert(key.as_str(), to_value(value));
            }
            Value::Map(map)
        }
    }
}

fn from_json(text: &str) -> Result {
    headwater_logs::parse_json(text, false)
        .map(|value| of_value(&value))
        .map_err(|failure| failure.to_string())
}

fn of_value(value: &Value<'_>) -> Val {
    match value {
        Value::Null => Val::Nil,
        Value::Bool(value) => Val::Bool(*value),
        Value::Int(value) => Val::Int(*value),
        Value::Float(value) => Val::Float(*value),
        Value::Str(text) => Val::Str(text.clone().into_owned()),
        Value::Bytes(bytes) => Val::Str(String::from_utf8_lossy(bytes).into_owned()),
        Value::List(items) => Val::List(items.iter().map(of_value).collect()),
        Value::Map(map) => {
            let mut entries: Vec<_> = map
                .iter()
                .map(|(key, value)| (key.to_owned(), of_value(value)))
                .collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Val::Map(entries)
        }
    }
}
