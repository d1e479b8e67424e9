//! Functions that put lists into another form.

use std::cmp::Ordering;

use super::{Argument, Arguments};
use crate::error::EvalError;
use crate::value::{List, Map, Value};

type Result<'a> = std::result::Result<Value<'a>, EvalError>;

pub(super) fn check_order(arguments: &[Argument]) -> std::result::Result<(), String> {
    match arguments.get(1).and_then(Argument::literal).as_deref() {
        None | Some("asc" | "desc") => Ok(()),
        Some(other) => Err(format!(
            "invalid arguments: {other}. Order should be either \"asc\" or \"desc\""
        )),
    }
}

/// How the values of a list are put in order.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ints,
    Numbers,
    Texts,
}

/// Numbers by their size, anything else as text. A list with maps, lists or bytes, and what is no
/// list, stays as it is.
pub(super) fn sort<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let value = arguments.value(0)?;
    let Value::List(list) = &value else {
        return Ok(value);
    };
    let mut kind = Kind::Ints;
    for item in list.iter() {
        match item {
            Value::Int(_) => {}
            Value::Double(_) if kind == Kind::Texts => {}
            Value::Double(_) => kind = Kind::Numbers,
            Value::String(_) | Value::Bool(_) | Value::Nil => kind = Kind::Texts,
            _ => return Ok(value),
        }
    }
    let descending = arguments.optional_string(1)?.as_deref() == Some(b"desc");
    let mut keyed = Vec::with_capacity(list.len());
    for item in list.iter() {
        let text = match kind {
            Kind::Texts => item.clone().string_like()?.unwrap_or_default().into_owned(),
            Kind::Ints | Kind::Numbers => Vec::new(),
        };
        keyed.push((text, item));
    }
    keyed.sort_by(|(a, left), (b, right)| {
        let order = match kind {
            Kind::Texts => a.cmp(b),
            Kind::Ints => left.int().ok().cmp(&right.int().ok()),
            Kind::Numbers => numbers(left, right),
        };
        if descending { order.reverse() } else { order }
    });
    let sorted = keyed.into_iter().map(|(_, item)| item).collect();
    Ok(Value::List(List::Owned(sorted)))
}

/// As Go compares: NaN is less than any number.
fn numbers(left: &Value<'_>, right: &Value<'_>) -> Ordering {
    let number = |value: &Value<'_>| match value {
        Value::Int(value) => *value as f64,
        Value::Double(value) => *value,
        _ => f64::NAN,
    };
    let (a, b) = (number(left), number(right));
    a.partial_cmp(&b)
        .unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}

/// The maps of a list, by what stands in each at a path of keys, or by their number. What is no
/// map, or has nothing there, is left out; the last of two with one name counts.
pub(super) fn slice_to_map<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let list = arguments.value(0)?.list()?;
    let (key_path, value_path) = (path(arguments, 1)?, path(arguments, 2)?);
    let mut entries: Vec<(std::borrow::Cow<'a, [u8]>, Value<'a>)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for (index, item) in list.iter().enumerate() {
        let key = match &key_path {
            None => Some(index.to_string().into_bytes().into()),
            Some(path) => match inside(&item, path) {
                Some(Value::String(key)) => Some(key),
                _ => None,
            },
        };
        let value = match &value_path {
            None => Some(item),
            Some(path) => inside(&item, path),
        };
        let (Some(key), Some(value)) = (key, value) else {
            continue;
        };
        match places.entry(key.to_vec()) {
            std::collections::hash_map::Entry::Occupied(place) => {
                let place: usize = *place.get();
                entries[place].1 = value;
            }
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(entries.len());
                entries.push((key, value));
            }
        }
    }
    Ok(Value::Map(Map::Owned(entries)))
}

type Path = Vec<Vec<u8>>;

fn path(
    arguments: &Arguments<'_, '_>,
    index: usize,
) -> std::result::Result<Option<Path>, EvalError> {
    if !arguments.is_given(index) {
        return Ok(None);
    }
    let keys = arguments.values(index).iter();
    let keys: Vec<_> = keys
        .map(|key| Ok(key.eval(arguments.env)?.string()?.into_owned()))
        .collect::<std::result::Result<_, EvalError>>()?;
    if keys.is_empty() {
        let message = "must provide at least one path item";
        return Err(EvalError::new(message));
    }
    Ok(Some(keys))
}

fn inside<'a>(value: &Value<'a>, path: &[Vec<u8>]) -> Option<Value<'a>> {
    let mut found = value.clone();
    for key in path {
        let Value::Map(map) = found else {
            return None;
        };
        found = map.get(key)?;
    }
    Some(found)
}
