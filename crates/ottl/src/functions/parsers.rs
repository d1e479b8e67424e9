//! Texts with values in them: JSON, pairs, separated values.

use std::borrow::Cow;

use headwater_logs::{CsvRow, parse_json, split_quoted};

use super::{Argument, Arguments};
use crate::error::EvalError;
use crate::value::{List, Map, Value};

type Result<'a> = std::result::Result<Value<'a>, EvalError>;

/// Every number becomes a double. What nests deeper than 30 stays as its text.
pub(super) fn json<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let text = arguments.text(0)?;
    let parsed = parse_json(&text, false).map_err(|error| EvalError::new(error.to_string()))?;
    match parsed {
        headwater_logs::Value::Map(_) | headwater_logs::Value::List(_) => Ok(owned(parsed)),
        _ => Err(EvalError::new(
            "could not convert parsed value to JSON object: it is neither an object nor a list",
        )),
    }
}

fn owned<'a>(value: headwater_logs::Value<'_>) -> Value<'a> {
    use headwater_logs::Value as Parsed;
    match value {
        Parsed::Null => Value::Nil,
        Parsed::Bool(value) => Value::Bool(value),
        Parsed::Int(value) => Value::Int(value),
        Parsed::Float(value) => Value::Double(value),
        Parsed::Str(text) => Value::text(text.into_owned().into_bytes()),
        Parsed::Bytes(bytes) => Value::Bytes(Cow::Owned(bytes.into_owned())),
        Parsed::List(values) => Value::List(List::Owned(values.into_iter().map(owned).collect())),
        Parsed::Map(map) => {
            let entries = map.iter();
            let entries = entries.map(|(key, value)| {
                let key = Cow::Owned(key.as_bytes().to_vec());
                (key, owned(value.clone()))
            });
            Value::Map(Map::Owned(entries.collect()))
        }
    }
}

/// A map in which the last of several entries of one name counts, at the place of the first.
fn map<'a>(entries: impl Iterator<Item = (String, String)>) -> Value<'a> {
    let entries = entries.map(|(key, value)| {
        let value = headwater_logs::Value::Str(Cow::Owned(value));
        (Cow::Owned(key), value)
    });
    let map = headwater_logs::Map::from_entries(entries.collect());
    owned(headwater_logs::Value::Map(map))
}

/// What stands between key and value, and between pairs: arguments 1 and 2.
fn delimiters(arguments: &[Argument]) -> (String, String) {
    let given = |index: usize, default: &str| {
        let given = arguments.get(index).and_then(Argument::literal);
        given
            .filter(|given| !given.is_empty())
            .map_or_else(|| default.to_owned(), Cow::into_owned)
    };
    (given(1, "="), given(2, " "))
}

pub(super) fn check_delimiters(arguments: &[Argument]) -> std::result::Result<(), String> {
    let (delimiter, pair_delimiter) = delimiters(arguments);
    if delimiter == pair_delimiter {
        return Err(format!(
            "pair delimiter {pair_delimiter:?} cannot be equal to delimiter {delimiter:?}"
        ));
    }
    Ok(())
}

pub(super) fn check_written_delimiters(arguments: &[Argument]) -> std::result::Result<(), String> {
    for (index, name) in [(1, "delimiter"), (2, "pair delimiter")] {
        let given = arguments.get(index).and_then(Argument::literal);
        if given.is_some_and(|given| given.is_empty()) {
            return Err(format!("{name} cannot be set to an empty string"));
        }
    }
    check_delimiters(arguments)
}

pub(super) fn key_value<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let text = arguments.text(0)?;
    if text.is_empty() {
        return Err(EvalError::new("cannot parse from empty target"));
    }
    let (delimiter, pair_delimiter) = delimiters(&arguments.call.arguments);
    let pairs = split_quoted(&text, &pair_delimiter)
        .map_err(|error| EvalError::new(format!("splitting into pairs failed: {error}")))?;
    let mut entries = Vec::with_capacity(pairs.len());
    for pair in pairs {
        let (key, value) = pair.split_once(&delimiter).ok_or_else(|| {
            EvalError::new(format!("cannot split {pair:?} into 2 items, got 1 item(s)"))
        })?;
        entries.push((key.trim().to_owned(), value.trim().to_owned()));
    }
    Ok(map(entries.into_iter()))
}

/// The other way round. Lists and maps become JSON; what contains a delimiter stands in quotes.
pub(super) fn to_key_value<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let (delimiter, pair_delimiter) = delimiters(&arguments.call.arguments);
    let quoted = |text: &[u8]| {
        let text = String::from_utf8_lossy(text).replace('"', "\\\"");
        if text.contains(&pair_delimiter) || text.contains(&delimiter) {
            format!("\"{text}\"")
        } else {
            text
        }
    };
    let map = arguments.value(0)?.map()?;
    let mut pairs = Vec::with_capacity(map.len());
    for (key, value) in map.iter() {
        let value = value.string_like()?.unwrap_or_default();
        let pair = format!("{}{delimiter}{}", quoted(&key), quoted(&value));
        pairs.push((key, pair));
    }
    if matches!(arguments.value(3)?, Value::Bool(true)) {
        pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
    }
    let pairs: Vec<_> = pairs.into_iter().map(|(_, pair)| pair).collect();
    Ok(Value::text(pairs.join(&pair_delimiter).into_bytes()))
}

/// A delimiter of separated values, argument `index`.
fn separator(arguments: &[Argument], index: usize, default: char) -> Option<char> {
    let Some(given) = arguments.get(index).and_then(Argument::literal) else {
        return Some(default);
    };
    let mut chars = given.chars();
    chars.next().filter(|_| chars.next().is_none())
}

pub(super) fn check_csv(arguments: &[Argument]) -> std::result::Result<(), String> {
    for (index, name) in [(2, "delimiter"), (3, "header_delimiter")] {
        if separator(arguments, index, ',').is_none() {
            return Err(format!(
                "invalid arguments: {name} must be a single character"
            ));
        }
    }
    match arguments.get(4).and_then(Argument::literal).as_deref() {
        None | Some("strict" | "lazyQuotes" | "ignoreQuotes") => Ok(()),
        Some(other) => Err(format!(
            "unknown mode: {other}, there are strict, lazyQuotes and ignoreQuotes"
        )),
    }
}

pub(super) fn csv<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let text = arguments.text(0)?;
    let header = arguments.text(1)?;
    if header.is_empty() {
        return Err(EvalError::new("headers must not be an empty string"));
    }
    // The compiler has checked them.
    let given = &arguments.call.arguments;
    let delimiter = separator(given, 2, ',').unwrap_or(',');
    let header_delimiter = separator(given, 3, delimiter).unwrap_or(delimiter);
    let mode = arguments.optional_text(4)?;
    let fields = if mode.as_deref() == Some("ignoreQuotes") {
        text.split(delimiter).map(Cow::Borrowed).collect()
    } else {
        let row = CsvRow {
            delimiter,
            lazy_quotes: mode.as_deref() == Some("lazyQuotes"),
        };
        row.fields(text.trim_matches(['\r', '\n']))
            .map_err(|error| EvalError::new(error.to_string()))?
    };
    let names: Vec<_> = header.split(header_delimiter).collect();
    if names.len() != fields.len() {
        return Err(EvalError::new(format!(
            "wrong number of fields: expected {}, found {}",
            names.len(),
            fields.len()
        )));
    }
    let entries = names.into_iter().zip(fields);
    Ok(map(entries.map(|(name, field)| {
        (name.to_owned(), field.into_owned())
    })))
}
