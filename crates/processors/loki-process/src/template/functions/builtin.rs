//! The functions of Go's `text/template`, and sprig's defaults.

use std::cmp::Ordering;
use std::fmt::Write as _;

use super::super::format::sprintf;
use super::super::value::Val;
use super::{ANY, Arguments, Function, Result, function};

pub(super) const TABLE: &[Function] = &[
    function("and", 1, ANY, |a| Ok(a.any())),
    function("or", 1, ANY, |a| Ok(a.any())),
    function("not", 1, 1, |a| Ok(Val::Bool(!a.any().truth()))),
    function("len", 1, 1, len),
    function("index", 1, ANY, index),
    function("print", 0, ANY, |a| Ok(Val::Str(print(&a.rest())))),
    function("println", 0, ANY, |a| {
        let shown: Vec<_> = a.rest().iter().map(Val::show).collect();
        Ok(Val::Str(shown.join(" ") + "\n"))
    }),
    function("printf", 1, ANY, |a| {
        let format = a.text()?;
        Ok(Val::Str(sprintf(&format, &a.rest())))
    }),
    function("html", 0, ANY, |a| {
        let text = print(&a.rest());
        let text = text
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        Ok(Val::Str(text.replace('"', "&#34;").replace('\'', "&#39;")))
    }),
    function("urlquery", 0, ANY, |a| {
        Ok(Val::Str(url_query(&print(&a.rest()))))
    }),
    function("eq", 2, ANY, |a| {
        let first = a.any();
        for other in a.rest() {
            if equal(&first, &other)? {
                return Ok(Val::Bool(true));
            }
        }
        Ok(Val::Bool(false))
    }),
    function("ne", 2, 2, |a| Ok(Val::Bool(!equal(&a.any(), &a.any())?))),
    function("lt", 2, 2, |a| compare(a, &[Ordering::Less])),
    function("le", 2, 2, |a| {
        compare(a, &[Ordering::Less, Ordering::Equal])
    }),
    function("gt", 2, 2, |a| compare(a, &[Ordering::Greater])),
    function("ge", 2, 2, |a| {
        compare(a, &[Ordering::Greater, Ordering::Equal])
    }),
    function("default", 1, 2, |a| {
        let default = a.any();
        let given = a.any();
        Ok(if given.truth() { given } else { default })
    }),
    function("empty", 1, 1, |a| Ok(Val::Bool(!a.any().truth()))),
    function("coalesce", 0, ANY, |a| {
        Ok(a.rest().into_iter().find(Val::truth).unwrap_or(Val::Nil))
    }),
    function("all", 0, ANY, |a| {
        Ok(Val::Bool(a.rest().iter().all(Val::truth)))
    }),
    function("any", 0, ANY, |a| {
        Ok(Val::Bool(a.rest().iter().any(Val::truth)))
    }),
    function("ternary", 3, 3, |a| {
        let (yes, no) = (a.any(), a.any());
        match a.any() {
            Val::Bool(true) => Ok(yes),
            Val::Bool(false) => Ok(no),
            other => Err(format!(
                "wrong type for value; expected bool; got {}",
                other.type_name()
            )),
        }
    }),
    function("fail", 1, 1, |a| Err(a.text()?)),
    function("kindOf", 1, 1, |a| Ok(a.any().kind().into())),
    function("kindIs", 2, 2, |a| {
        Ok(Val::Bool(a.text()? == a.any().kind()))
    }),
    function("typeOf", 1, 1, |a| Ok(a.any().type_name().into())),
    function("typeIs", 2, 2, |a| {
        Ok(Val::Bool(a.text()? == a.any().type_name()))
    }),
    function("deepEqual", 2, 2, |a| Ok(Val::Bool(a.any() == a.any()))),
];

fn len(a: &mut Arguments<'_>) -> Result {
    let length = match a.any() {
        Val::Str(text) => text.len(),
        Val::List(items) => items.len(),
        Val::Map(entries) => entries.len(),
        other => return Err(format!("len of type {}", other.type_name())),
    };
    Ok(Val::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

fn index(a: &mut Arguments<'_>) -> Result {
    let mut value = a.any();
    for key in a.rest() {
        value = match (value, key) {
            (Val::Map(entries), Val::Str(name)) => entries
                .into_iter()
                .find(|(known, _)| *known == name)
                .map_or(Val::Missing, |(_, value)| value),
            (Val::List(items), Val::Int(at)) => {
                let found = usize::try_from(at).ok();
                let found = found.and_then(|at| items.into_iter().nth(at));
                found.ok_or_else(|| format!("index out of range: {at}"))?
            }
            (Val::Str(text), Val::Int(at)) => {
                let found = usize::try_from(at).ok();
                let found = found.and_then(|at| text.as_bytes().get(at).copied());
                Val::Int(i64::from(
                    found.ok_or_else(|| format!("index out of range: {at}"))?,
                ))
            }
            (Val::Nil | Val::Missing, _) => return Err("index of untyped nil".to_owned()),
            (value, key) => {
                let (value, key) = (value.type_name(), key.type_name());
                return Err(format!("cannot index {value} with {key}"));
            }
        };
    }
    Ok(value)
}

/// Go's `Sprint`: a space between two values of which neither is text.
fn print(values: &[Val]) -> String {
    let mut out = String::new();
    for (at, value) in values.iter().enumerate() {
        let text = |value: &Val| matches!(value, Val::Str(_));
        if at > 0 && !text(value) && !text(&values[at - 1]) {
            out.push(' ');
        }
        out.push_str(&value.show());
    }
    out
}

fn url_query(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            byte => write!(out, "%{byte:02X}").unwrap_or_default(),
        }
    }
    out
}

fn incompatible() -> String {
    "incompatible types for comparison".to_owned()
}

fn equal(a: &Val, b: &Val) -> Result<bool> {
    Ok(match (a, b) {
        (Val::Missing | Val::Nil, other) | (other, Val::Missing | Val::Nil) => other.is_nil(),
        (Val::Bool(a), Val::Bool(b)) => a == b,
        (Val::Int(a), Val::Int(b)) => a == b,
        (Val::Float(a), Val::Float(b)) => a.total_cmp(b) == Ordering::Equal,
        (Val::Str(a), Val::Str(b)) => a == b,
        _ => return Err(incompatible()),
    })
}

fn compare(a: &mut Arguments<'_>, wanted: &[Ordering]) -> Result {
    let found = match (a.any(), a.any()) {
        (Val::Int(a), Val::Int(b)) => a.cmp(&b),
        (Val::Float(a), Val::Float(b)) => a.total_cmp(&b),
        (Val::Str(a), Val::Str(b)) => a.cmp(&b),
        _ => return Err(incompatible()),
    };
    Ok(Val::Bool(wanted.contains(&found)))
}
