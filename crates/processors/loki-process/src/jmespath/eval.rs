//! Evaluating a tree.

use std::borrow::Cow;

use headwater_logs::{Map, Value};

use super::{Comparison, Node};

type Found<'v, 't> = Result<Cow<'v, Value<'t>>, String>;

const fn nothing<'v, 't>() -> Cow<'v, Value<'t>> {
    Cow::Owned(Value::Null)
}

pub(super) fn eval<'v, 't>(node: &'v Node, value: &'v Value<'t>) -> Found<'v, 't> {
    Ok(match node {
        Node::Current => Cow::Borrowed(value),
        Node::Field(name) => match value.as_map().and_then(|map| map.get(name)) {
            Some(found) => Cow::Borrowed(found),
            None => nothing(),
        },
        Node::Then(left, right) => match eval(left, value)? {
            Cow::Borrowed(left) => eval(right, left)?,
            Cow::Owned(left) => Cow::Owned(eval(right, &left)?.into_owned()),
        },
        Node::Index(index) => match value {
            Value::List(items) => {
                let at = if *index < 0 {
                    index.checked_add(items.len() as i64)
                } else {
                    Some(*index)
                };
                let found = at.and_then(|at| items.get(usize::try_from(at).ok()?));
                found.map_or_else(nothing, Cow::Borrowed)
            }
            _ => nothing(),
        },
        Node::Slice(bounds) => match value {
            Value::List(items) => Cow::Owned(Value::List(slice(items, *bounds))),
            _ => nothing(),
        },
        Node::Project(of, each) => match &*eval(of, value)? {
            Value::List(items) => Cow::Owned(project(items.iter(), each)?),
            _ => nothing(),
        },
        Node::ProjectValues(of, each) => match &*eval(of, value)? {
            Value::Map(map) => Cow::Owned(project(map.iter().map(|(_, item)| item), each)?),
            _ => nothing(),
        },
        Node::Filter {
            of,
            condition,
            each,
        } => match &*eval(of, value)? {
            Value::List(items) => {
                let mut kept = Vec::new();
                for item in items {
                    if truth(&*eval(condition, item)?) {
                        kept.push(item);
                    }
                }
                Cow::Owned(project(kept.into_iter(), each)?)
            }
            _ => nothing(),
        },
        Node::Flatten(of) => match &*eval(of, value)? {
            Value::List(items) => {
                let mut flat = Vec::with_capacity(items.len());
                for item in items {
                    match item {
                        Value::List(inner) => flat.extend(inner.iter().cloned()),
                        other => flat.push(other.clone()),
                    }
                }
                Cow::Owned(Value::List(flat))
            }
            _ => nothing(),
        },
        Node::List(_) | Node::Hash(_) if matches!(value, Value::Null) => nothing(),
        Node::List(items) => {
            let items = items.iter().map(|item| Ok(eval(item, value)?.into_owned()));
            Cow::Owned(Value::List(items.collect::<Result<_, String>>()?))
        }
        Node::Hash(entries) => {
            let mut map = Map::new();
            for (key, entry) in entries {
                map.insert(key.clone(), eval(entry, value)?.into_owned());
            }
            Cow::Owned(Value::Map(map))
        }
        Node::Literal(literal) => Cow::Borrowed(literal),
        Node::Compare(how, left, right) => {
            let (left, right) = (eval(left, value)?, eval(right, value)?);
            Cow::Owned(compare(*how, &left, &right).map_or(Value::Null, Value::Bool))
        }
        Node::And(left, right) => {
            let left = eval(left, value)?;
            if truth(&left) {
                eval(right, value)?
            } else {
                left
            }
        }
        Node::Or(left, right) => {
            let left = eval(left, value)?;
            if truth(&left) {
                left
            } else {
                eval(right, value)?
            }
        }
        Node::Not(inner) => Cow::Owned(Value::Bool(!truth(&*eval(inner, value)?))),
        Node::Call(function, arguments) => Cow::Owned(function.run(arguments, value)?),
        Node::Reference(_) => return Err("an expression is no value".to_owned()),
    })
}

/// Whether a value counts as true: not null, false or empty.
pub(super) fn truth(value: &Value<'_>) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Str(text) => !text.is_empty(),
        Value::List(items) => !items.is_empty(),
        Value::Map(map) => !map.is_empty(),
        Value::Int(_) | Value::Float(_) | Value::Bytes(_) => true,
    }
}

fn project<'i, 't: 'i>(
    items: impl Iterator<Item = &'i Value<'t>>,
    each: &'i Node,
) -> Result<Value<'t>, String> {
    let mut results = Vec::new();
    for item in items {
        let result = eval(each, item)?;
        if !matches!(&*result, Value::Null) {
            results.push(result.into_owned());
        }
    }
    Ok(Value::List(results))
}

/// Equal as JSON: maps whatever the order of their keys.
pub(super) fn equal(left: &Value<'_>, right: &Value<'_>) -> bool {
    match (left, right) {
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, value)| b.get(key).is_some_and(|other| equal(value, other)))
        }
        _ => left == right,
    }
}

fn compare(how: Comparison, left: &Value<'_>, right: &Value<'_>) -> Option<bool> {
    match how {
        Comparison::Equal => return Some(equal(left, right)),
        Comparison::NotEqual => return Some(!equal(left, right)),
        _ => {}
    }
    let (Value::Float(left), Value::Float(right)) = (left, right) else {
        return None;
    };
    Some(match how {
        Comparison::Less => left < right,
        Comparison::LessOrEqual => left <= right,
        Comparison::Greater => left > right,
        _ => left >= right,
    })
}

/// Python's slices.
fn slice<'t>(items: &[Value<'t>], [from, to, step]: [Option<i64>; 3]) -> Vec<Value<'t>> {
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let step = step.unwrap_or(1);
    let (low, high) = if step > 0 {
        (0, length)
    } else {
        (-1, length - 1)
    };
    let bound = |given: Option<i64>, or: i64| match given {
        None => or,
        Some(at) if at < 0 => at.saturating_add(length).clamp(low, high),
        Some(at) => at.clamp(low, high),
    };
    let (first, last) = if step > 0 { (low, high) } else { (high, low) };
    let (mut at, end) = (bound(from, first), bound(to, last));
    let mut part = Vec::new();
    while (step > 0 && at < end) || (step < 0 && at > end) {
        part.extend(
            usize::try_from(at)
                .ok()
                .and_then(|at| items.get(at))
                .cloned(),
        );
        at = at.saturating_add(step);
    }
    part
}
