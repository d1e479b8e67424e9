//! The functions that expressions may call.

use std::cmp::Ordering;

use super::Node;
use super::eval::{Evaluated, compare, no_text, owned, truth, whole};
use crate::operator::Failure;
use crate::{Entry, Value};

/// A function of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Env,
    Len,
    Int,
    Float,
    Text,
    Type,
    Lower,
    Upper,
    Trim,
    TrimPrefix,
    TrimSuffix,
    HasPrefix,
    HasSuffix,
    Split,
    Join,
    Replace,
    IndexOf,
    Keys,
    Values,
    Abs,
    Min,
    Max,
    FromJson,
}

/// Name, function, and how many arguments it takes at least and at most.
const FUNCTIONS: &[(&str, Function, usize, usize)] = &[
    ("env", Function::Env, 1, 1),
    ("len", Function::Len, 1, 1),
    ("int", Function::Int, 1, 1),
    ("float", Function::Float, 1, 1),
    ("string", Function::Text, 1, 1),
    ("type", Function::Type, 1, 1),
    ("lower", Function::Lower, 1, 1),
    ("upper", Function::Upper, 1, 1),
    ("trim", Function::Trim, 1, 2),
    ("trimPrefix", Function::TrimPrefix, 2, 2),
    ("trimSuffix", Function::TrimSuffix, 2, 2),
    ("hasPrefix", Function::HasPrefix, 2, 2),
    ("hasSuffix", Function::HasSuffix, 2, 2),
    ("split", Function::Split, 2, 2),
    ("join", Function::Join, 1, 2),
    ("replace", Function::Replace, 3, 3),
    ("indexOf", Function::IndexOf, 2, 2),
    ("keys", Function::Keys, 1, 1),
    ("values", Function::Values, 1, 1),
    ("abs", Function::Abs, 1, 1),
    ("min", Function::Min, 1, 16),
    ("max", Function::Max, 1, 16),
    ("fromJSON", Function::FromJson, 1, 1),
];

impl Function {
    pub(super) fn named(name: &str) -> Option<Self> {
        let found = FUNCTIONS.iter().find(|(known, ..)| *known == name);
        found.map(|(_, function, ..)| *function)
    }

    pub(super) fn names() -> Vec<&'static str> {
        FUNCTIONS.iter().map(|(name, ..)| *name).collect()
    }

    pub(super) fn takes(self, count: usize) -> bool {
        FUNCTIONS
            .iter()
            .any(|(_, function, min, max)| *function == self && (*min..=*max).contains(&count))
    }

    /// A call; the environment is read once, here.
    pub(super) fn node(self, arguments: Vec<Node>) -> Node {
        if let (Self::Env, [Node::Literal(Value::Str(name))]) = (self, arguments.as_slice()) {
            let value = std::env::var(&**name).unwrap_or_default();
            return Node::Literal(Value::from(value));
        }
        Node::Call(self, arguments)
    }

    pub(super) fn call<'e>(
        self,
        arguments: &'e [Node],
        entry: &'e Entry<'_>,
    ) -> Result<Evaluated<'e>, Failure> {
        let values: Result<Vec<_>, Failure> = arguments
            .iter()
            .map(|argument| argument.eval(entry))
            .collect();
        let values = values?;
        let first = &*values[0];
        let text = |at: usize| {
            let value = &*values[at];
            value.text().ok_or_else(|| no_text("call", value))
        };
        Ok(match self {
            Self::Env => owned(Value::from(std::env::var(text(0)?).unwrap_or_default())),
            Self::Len => owned(Value::Int(match first {
                Value::Str(text) => text.chars().count() as i64,
                Value::List(list) => list.len() as i64,
                Value::Map(map) => map.len() as i64,
                Value::Null => 0,
                other => return Err(wrong("len", other)),
            })),
            Self::Int => owned(Value::Int(to_int(first)?)),
            Self::Float => owned(Value::Float(to_float(first)?)),
            Self::Text => owned(Value::from(first.to_string())),
            Self::Type => owned(Value::from(first.kind())),
            Self::Lower => owned(Value::from(text(0)?.to_lowercase())),
            Self::Upper => owned(Value::from(text(0)?.to_uppercase())),
            Self::Trim if values.len() == 2 => {
                let set = text(1)?.to_owned();
                let trimmed = text(0)?.trim_matches(|c| set.contains(c));
                owned(Value::from(trimmed.to_owned()))
            }
            Self::Trim => owned(Value::from(text(0)?.trim().to_owned())),
            Self::TrimPrefix => {
                let (whole, part) = (text(0)?, text(1)?);
                owned(Value::from(
                    whole.strip_prefix(part).unwrap_or(whole).to_owned(),
                ))
            }
            Self::TrimSuffix => {
                let (whole, part) = (text(0)?, text(1)?);
                owned(Value::from(
                    whole.strip_suffix(part).unwrap_or(whole).to_owned(),
                ))
            }
            Self::HasPrefix => truth(text(0)?.starts_with(text(1)?)),
            Self::HasSuffix => truth(text(0)?.ends_with(text(1)?)),
            Self::Split => {
                let parts = text(0)?.split(text(1)?);
                owned(Value::List(
                    parts.map(|part| Value::from(part.to_owned())).collect(),
                ))
            }
            Self::Join => {
                let glue = if values.len() == 2 { text(1)? } else { "" };
                let Value::List(list) = first else {
                    return Err(wrong("join", first));
                };
                let parts: Vec<_> = list.iter().map(ToString::to_string).collect();
                owned(Value::from(parts.join(glue)))
            }
            Self::Replace => owned(Value::from(text(0)?.replace(text(1)?, text(2)?))),
            Self::IndexOf => {
                let found = text(0)?.find(text(1)?);
                owned(Value::Int(found.map_or(-1, |at| at as i64)))
            }
            Self::Keys | Self::Values => {
                let Value::Map(map) = first else {
                    return Err(wrong("keys", first));
                };
                let list = map.iter().map(|(key, value)| match self {
                    Self::Keys => Value::from(key.to_owned()),
                    _ => value.clone().into_owned(),
                });
                owned(Value::List(list.collect()))
            }
            Self::Abs => match first {
                Value::Int(number) => owned(Value::Int(number.wrapping_abs())),
                Value::Float(number) => owned(Value::Float(number.abs())),
                other => return Err(wrong("abs", other)),
            },
            Self::Min => extreme(&values, Ordering::is_lt)?,
            Self::Max => extreme(&values, Ordering::is_gt)?,
            Self::FromJson => owned(crate::json::parse(text(0)?, false)?.into_owned()),
        })
    }
}

fn wrong(function: &str, value: &Value<'_>) -> Failure {
    Failure::from(format!(
        "invalid argument for {function} (type {})",
        value.kind()
    ))
}

fn to_int(value: &Value<'_>) -> Result<i64, Failure> {
    match value {
        Value::Float(number) => Ok(*number as i64),
        Value::Str(text) => text
            .parse()
            .map_err(|_| Failure::from(format!("invalid operation: int({text:?})"))),
        other => whole(other).ok_or_else(|| wrong("int", other)),
    }
}

fn to_float(value: &Value<'_>) -> Result<f64, Failure> {
    match value {
        Value::Int(number) => Ok(*number as f64),
        Value::Float(number) => Ok(*number),
        Value::Str(text) => text
            .parse()
            .map_err(|_| Failure::from(format!("invalid operation: float({text:?})"))),
        other => Err(wrong("float", other)),
    }
}

fn extreme<'e>(
    values: &[Evaluated<'e>],
    wins: fn(Ordering) -> bool,
) -> Result<Evaluated<'e>, Failure> {
    let mut best = &values[0];
    for value in &values[1..] {
        let order = compare(value, best)
            .ok_or_else(|| Failure::from(format!("cannot compare {}", value.kind())))?;
        if wins(order) {
            best = value;
        }
    }
    Ok(best.clone())
}
