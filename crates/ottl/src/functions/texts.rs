//! Functions of text.

use std::borrow::Cow;

use headwater_core::pdata::view::Text;

use super::Arguments;
use crate::error::EvalError;
use crate::value::{List, Map, Value};

type Result<'a> = std::result::Result<Value<'a>, EvalError>;

pub(super) fn is_match<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let regex = arguments.regex(1)?;
    let text = arguments.value(0)?.string_like()?;
    Ok(Value::Bool(text.is_some_and(|text| regex.is_match(&text))))
}

pub(super) fn has_prefix<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let text = arguments.string(0)?;
    Ok(Value::Bool(text.starts_with(&arguments.string(1)?)))
}

pub(super) fn has_suffix<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let text = arguments.string(0)?;
    Ok(Value::Bool(text.ends_with(&arguments.string(1)?)))
}

/// The part `from..to` of a text.
fn part(text: Cow<'_, [u8]>, from: usize, to: usize) -> Value<'_> {
    Value::String(match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[from..to]),
        Cow::Owned(text) => Cow::Owned(text[from..to].to_vec()),
    })
}

pub(super) fn trim_prefix<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let text = arguments.string(0)?;
    let prefix = arguments.string(1)?;
    let from = if text.starts_with(&prefix) {
        prefix.len()
    } else {
        0
    };
    let to = text.len();
    Ok(part(text, from, to))
}

pub(super) fn trim_suffix<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let text = arguments.string(0)?;
    let suffix = arguments.string(1)?;
    let to = text.len()
        - if text.ends_with(&suffix) {
            suffix.len()
        } else {
            0
        };
    Ok(part(text, 0, to))
}

/// Takes the characters of the second argument, or blanks, off both ends.
pub(super) fn trim<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let text = arguments.string(0)?;
    let cut = arguments.optional_string(1)?;
    let cut = cut.as_deref().unwrap_or(b" ");
    let cut = String::from_utf8_lossy(cut);
    // Text that is not UTF-8 has nothing to trim beyond its valid ends.
    let Some(valid) = Text::new(&text).to_str() else {
        return Ok(Value::String(text));
    };
    let begun = valid.trim_start_matches(|c| cut.contains(c));
    let from = valid.len() - begun.len();
    let to = from + begun.trim_end_matches(|c| cut.contains(c)).len();
    Ok(part(text, from, to))
}

pub(super) fn substring<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let start = arguments.int(1)?;
    let from = usize::try_from(start).map_err(|_| {
        EvalError::new(format!(
            "invalid start for substring function, {start} cannot be negative"
        ))
    })?;
    let length = arguments.int(2)?;
    let count = usize::try_from(length)
        .ok()
        .filter(|count| *count > 0)
        .ok_or_else(|| {
            EvalError::new(format!(
                "invalid length for substring function, {length} cannot be negative or zero"
            ))
        })?;
    let text = arguments.string(0)?;
    let end = from.saturating_add(count);
    if end > text.len() {
        return Err(EvalError::new(format!(
            "invalid range for substring function, {end} cannot be greater than the length of \
             target string({})",
            text.len()
        )));
    }
    Ok(part(text, from, end))
}

pub(super) fn concat<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let delimiter = arguments.string(1)?;
    let mut out = Vec::new();
    for (index, value) in arguments.values(0).iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(&delimiter);
        }
        match value.eval(arguments.env)?.string_like()? {
            Some(text) => out.extend_from_slice(&text),
            None => out.extend_from_slice(b"<nil>"),
        }
    }
    Ok(Value::text(out))
}

pub(super) fn split<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let text = arguments.string(0)?;
    let delimiter = arguments.string(1)?;
    let mut parts = Vec::new();
    if delimiter.is_empty() {
        // Into characters, as Go does.
        parts.extend(
            String::from_utf8_lossy(&text)
                .chars()
                .map(String::from)
                .map(String::into_bytes),
        );
    } else {
        let mut begin = 0;
        let mut at = 0;
        while at + delimiter.len() <= text.len() {
            if text[at..].starts_with(&delimiter) {
                parts.push(text[begin..at].to_vec());
                at += delimiter.len();
                begin = at;
            } else {
                at += 1;
            }
        }
        parts.push(text[begin..].to_vec());
    }
    let parts = parts.into_iter().map(Value::text).collect();
    Ok(Value::List(List::Owned(parts)))
}

pub(super) fn parse_int<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let text = arguments.string(0)?;
    let base = arguments.int(1)?;
    if text.is_empty() {
        return Err(EvalError::new(
            "invalid target value for ParseInt function, target cannot be empty",
        ));
    }
    let radix = match base {
        2..=36 => base as u32,
        _ => {
            return Err(EvalError::new(format!(
                "invalid base value: {base} for ParseInt function, base must be 2 to 36"
            )));
        }
    };
    let text = String::from_utf8_lossy(&text);
    i64::from_str_radix(&text, radix)
        .map(Value::Int)
        .map_err(|error| EvalError::new(format!("{text:?} is not a number: {error}")))
}

/// The named groups of a pattern.
pub(super) fn extract_patterns<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let regex = arguments.regex(1)?;
    let text = arguments.string(0)?;
    let mut entries = Vec::new();
    if let Some(captures) = regex.captures(&text) {
        for name in regex.capture_names().flatten() {
            let value = captures
                .name(name)
                .map_or(&[][..], |found| found.as_bytes());
            entries.push((
                Cow::Owned(name.as_bytes().to_vec()),
                Value::text(value.to_vec()),
            ));
        }
    }
    Ok(Value::Map(Map::Owned(entries)))
}

/// Whether digits end with the right check digit, as card numbers do.
pub(super) fn is_valid_luhn<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let Some(text) = arguments.value(0)?.string_like()? else {
        return Ok(Value::Bool(false));
    };
    let mut sum = 0;
    let mut count = 0_usize;
    for byte in text.iter().rev().filter(|byte| !byte.is_ascii_whitespace()) {
        if !byte.is_ascii_digit() {
            return Ok(Value::Bool(false));
        }
        let digit = u64::from(byte - b'0');
        let digit = if count % 2 == 1 { digit * 2 } else { digit };
        sum += if digit > 9 { digit - 9 } else { digit };
        count += 1;
    }
    Ok(Value::Bool(count > 0 && sum % 10 == 0))
}
