//! Evaluation over an entry. What is at hand is referred to, never copied.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::{Binary, Node};
use crate::field::Root;
use crate::operator::Failure;
use crate::{Entry, Map, Value};

/// A value at hand or made on the way.
pub(super) type Evaluated<'e> = Cow<'e, Value<'e>>;

const TRUE: Value<'static> = Value::Bool(true);
const FALSE: Value<'static> = Value::Bool(false);
const NULL: Value<'static> = Value::Null;

pub(super) fn truth<'e>(value: bool) -> Evaluated<'e> {
    Cow::Borrowed(if value { &TRUE } else { &FALSE })
}

pub(super) fn owned<'e>(value: Value<'e>) -> Evaluated<'e> {
    Cow::Owned(value)
}

impl Node {
    pub(super) fn boolean(&self, entry: &Entry<'_>) -> Result<bool, Failure> {
        match self {
            Self::Not(node) => return node.boolean(entry).map(|value| !value),
            Self::Binary(Binary::And, left, right) => {
                return Ok(left.boolean(entry)? && right.boolean(entry)?);
            }
            Self::Binary(Binary::Or, left, right) => {
                return Ok(left.boolean(entry)? || right.boolean(entry)?);
            }
            _ => {}
        }
        match &*self.eval(entry)? {
            Value::Bool(value) => Ok(*value),
            other => Err(Failure::from(format!(
                "expected bool, but got {}",
                other.kind()
            ))),
        }
    }

    pub(super) fn eval<'e>(&'e self, entry: &'e Entry<'_>) -> Result<Evaluated<'e>, Failure> {
        Ok(match self {
            Self::Literal(value) => Cow::Borrowed(value),
            Self::Field(field) => match field.whole(entry) {
                // In Go a map that was never filled is nil.
                Some(map) if map.is_empty() => Cow::Borrowed(&NULL),
                Some(map) => owned(Value::Map(borrowed(map))),
                None => Cow::Borrowed(field.get(entry).unwrap_or(&NULL)),
            },
            Self::Severity => owned(Value::Int(i64::from(entry.severity))),
            Self::SeverityText => owned(Value::from(&*entry.severity_text)),
            Self::Not(_) | Self::Binary(Binary::And | Binary::Or, ..) => {
                truth(self.boolean(entry)?)
            }
            Self::Negate(node) => match &*node.eval(entry)? {
                Value::Int(number) => owned(Value::Int(number.wrapping_neg())),
                Value::Float(number) => owned(Value::Float(-number)),
                other => {
                    return Err(Failure::from(format!(
                        "invalid operation: -{}",
                        other.kind()
                    )));
                }
            },
            Self::Binary(operator, left, right) => binary(*operator, left, right, entry)?,
            Self::Matches(node, regex) => {
                let value = node.eval(entry)?;
                if *value == Value::Null {
                    return Ok(truth(false));
                }
                let text = value.text().ok_or_else(|| no_text("matches", &value))?;
                truth(regex.is_match(text.as_bytes()))
            }
            Self::Choice(condition, yes, no) => {
                let branch = if condition.boolean(entry)? { yes } else { no };
                branch.eval(entry)?
            }
            Self::Index { of, key, lenient } => index(of, key, *lenient, entry)?,
            Self::Slice { of, from, to } => slice(of, from.as_deref(), to.as_deref(), entry)?,
            Self::List(items) => {
                let items: Result<_, Failure> = items
                    .iter()
                    .map(|item| item.eval(entry).map(Cow::into_owned))
                    .collect();
                owned(Value::List(items?))
            }
            Self::Map(entries) => {
                let mut map = Map::new();
                for (key, node) in entries {
                    map.insert(key.as_str(), node.eval(entry)?.into_owned());
                }
                owned(Value::Map(map))
            }
            Self::Call(function, arguments) => function.call(arguments, entry)?,
        })
    }
}

fn borrowed<'e>(map: &'e Map<'_>) -> Map<'e> {
    map.iter()
        .map(|(key, value)| (Cow::Borrowed(key), value.borrowed()))
        .collect()
}

pub(super) fn no_text(operation: &str, value: &Value<'_>) -> Failure {
    Failure::from(format!(
        "invalid operation: {operation} needs a string, found {}",
        value.kind()
    ))
}

fn index<'e>(
    of: &'e Node,
    key: &'e Node,
    lenient: bool,
    entry: &'e Entry<'_>,
) -> Result<Evaluated<'e>, Failure> {
    let key = key.eval(entry)?;
    if let Node::Field(field) = of
        && field.keys().is_empty()
        && field.root() != Root::Body
        && let (Some(map), Some(key)) = (field.whole(entry), key.as_str())
    {
        return Ok(Cow::Borrowed(map.get(key).unwrap_or(&NULL)));
    }
    let of = of.eval(entry)?;
    if lenient && *of == Value::Null {
        return Ok(Cow::Borrowed(&NULL));
    }
    let missing = || Failure::from(format!("cannot fetch {} from {}", &*key, of.kind()));
    match &of {
        Cow::Borrowed(of) => find(of, &key).ok_or_else(missing).map(Cow::Borrowed),
        Cow::Owned(value) => find(value, &key)
            .ok_or_else(missing)
            .map(|v| owned(v.clone())),
    }
}

/// The element of a map or list: nil for a key that is not there, nothing for an index outside or
/// a value that has no elements.
fn find<'v, 'a>(of: &'v Value<'a>, key: &Value<'_>) -> Option<&'v Value<'a>> {
    match (of, key) {
        (Value::Map(map), Value::Str(key)) => Some(map.get(key).unwrap_or(&NULL)),
        (Value::List(list), key) => {
            let at = whole(key)?;
            let length = list.len() as i64;
            list.get(usize::try_from(if at < 0 { at + length } else { at }).ok()?)
        }
        _ => None,
    }
}

pub(super) fn whole(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        Value::Float(number) if number.fract() == 0.0 => Some(*number as i64),
        _ => None,
    }
}

fn slice<'e>(
    of: &'e Node,
    from: Option<&'e Node>,
    to: Option<&'e Node>,
    entry: &'e Entry<'_>,
) -> Result<Evaluated<'e>, Failure> {
    let of = of.eval(entry)?;
    let bound = |node: Option<&'e Node>, length: usize, default: usize| {
        let Some(node) = node else {
            return Ok::<usize, Failure>(default);
        };
        let value = node.eval(entry)?;
        let at = whole(&value).ok_or(Failure::new("the bound of a slice is no integer"))?;
        let at = if at < 0 { at + length as i64 } else { at };
        Ok(usize::try_from(at).unwrap_or(0).min(length))
    };
    match &*of {
        Value::Str(text) => {
            let length = text.chars().count();
            let (from, to) = (bound(from, length, 0)?, bound(to, length, length)?);
            let part = text.chars().skip(from).take(to.saturating_sub(from));
            Ok(owned(Value::from(part.collect::<String>())))
        }
        Value::List(list) => {
            let (from, to) = (
                bound(from, list.len(), 0)?,
                bound(to, list.len(), list.len())?,
            );
            Ok(owned(Value::List(
                list.get(from..to).unwrap_or(&[]).to_vec(),
            )))
        }
        other => Err(Failure::from(format!("cannot slice {}", other.kind()))),
    }
}

fn binary<'e>(
    operator: Binary,
    left: &'e Node,
    right: &'e Node,
    entry: &'e Entry<'_>,
) -> Result<Evaluated<'e>, Failure> {
    let left = left.eval(entry)?;
    if operator == Binary::Coalesce {
        return if *left == Value::Null {
            right.eval(entry)
        } else {
            Ok(left)
        };
    }
    let right = right.eval(entry)?;
    let of_text = matches!(
        operator,
        Binary::Contains | Binary::StartsWith | Binary::EndsWith | Binary::Matches
    );
    if of_text && (*left == Value::Null || *right == Value::Null) {
        // As in expr-lang: nil contains nothing and matches nothing.
        return Ok(truth(false));
    }
    let fits = |wanted: fn(Ordering) -> bool| {
        let order = compare(&left, &right).ok_or_else(|| {
            Failure::from(format!(
                "cannot compare {} with {}",
                left.kind(),
                right.kind()
            ))
        })?;
        Ok(truth(wanted(order)))
    };
    let texts = |name: &str| {
        let text = left.as_str().ok_or_else(|| no_text(name, &left))?;
        let part = right.as_str().ok_or_else(|| no_text(name, &right))?;
        Ok::<_, Failure>((text, part))
    };
    match operator {
        Binary::Equal => Ok(truth(equal(&left, &right))),
        Binary::NotEqual => Ok(truth(!equal(&left, &right))),
        Binary::Less => fits(Ordering::is_lt),
        Binary::LessOrEqual => fits(Ordering::is_le),
        Binary::Greater => fits(Ordering::is_gt),
        Binary::GreaterOrEqual => fits(Ordering::is_ge),
        Binary::In => contained(&left, &right).map(truth),
        Binary::Contains => {
            let (text, part) = texts("contains")?;
            Ok(truth(
                memchr::memmem::find(text.as_bytes(), part.as_bytes()).is_some(),
            ))
        }
        Binary::StartsWith => texts("startsWith").map(|(text, part)| truth(text.starts_with(part))),
        Binary::EndsWith => texts("endsWith").map(|(text, part)| truth(text.ends_with(part))),
        Binary::Matches => {
            let (text, pattern) = texts("matches")?;
            let regex = headwater_regexp::compile(pattern)
                .map_err(|error| Failure::from(format!("invalid pattern {pattern:?}: {error}")))?;
            Ok(truth(regex.is_match(text.as_bytes())))
        }
        _ => arithmetic(operator, &left, &right).map(owned),
    }
}

pub(super) fn equal(left: &Value<'_>, right: &Value<'_>) -> bool {
    match (left, right) {
        (Value::Int(a), Value::Float(b)) | (Value::Float(b), Value::Int(a)) => *a as f64 == *b,
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (a, b) => a == b,
    }
}

pub(super) fn compare(left: &Value<'_>, right: &Value<'_>) -> Option<Ordering> {
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Int(a), Value::Float(b)) => (*a as f64).partial_cmp(b),
        (Value::Float(a), Value::Int(b)) => a.partial_cmp(&(*b as f64)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Str(a), Value::Str(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

fn contained(left: &Value<'_>, right: &Value<'_>) -> Result<bool, Failure> {
    match right {
        Value::List(list) => Ok(list.iter().any(|item| equal(left, item))),
        Value::Map(map) => Ok(left.as_str().is_some_and(|key| map.get(key).is_some())),
        Value::Null => Ok(false),
        other => Err(Failure::from(format!(
            "operator \"in\" not defined on {}",
            other.kind()
        ))),
    }
}

fn arithmetic<'e>(
    operator: Binary,
    left: &Value<'_>,
    right: &Value<'_>,
) -> Result<Value<'e>, Failure> {
    let mismatch = || {
        Failure::from(format!(
            "cannot calculate with {} and {}",
            left.kind(),
            right.kind()
        ))
    };
    if let (Binary::Add, Value::Str(a), Value::Str(b)) = (operator, left, right) {
        return Ok(Value::from(format!("{a}{b}")));
    }
    if let (Value::Int(a), Value::Int(b)) = (left, right) {
        let number = match operator {
            Binary::Add => Some(a.wrapping_add(*b)),
            Binary::Subtract => Some(a.wrapping_sub(*b)),
            Binary::Multiply => Some(a.wrapping_mul(*b)),
            Binary::Remainder if *b == 0 => {
                return Err(Failure::new("integer divide by zero"));
            }
            Binary::Remainder => Some(a.wrapping_rem(*b)),
            _ => None,
        };
        if let Some(number) = number {
            return Ok(Value::Int(number));
        }
    }
    let number = |value: &Value<'_>| match value {
        Value::Int(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    };
    let (a, b) = (
        number(left).ok_or_else(mismatch)?,
        number(right).ok_or_else(mismatch)?,
    );
    Ok(Value::Float(match operator {
        Binary::Add => a + b,
        Binary::Subtract => a - b,
        Binary::Multiply => a * b,
        Binary::Divide => a / b,
        Binary::Power => a.powf(b),
        _ => return Err(mismatch()),
    }))
}
