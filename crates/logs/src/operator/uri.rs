//! `uri_parser`: scheme, user, host, port, path, query.

use crate::operator::Failure;
use crate::operator::parser::{Parse, parse_text};
use crate::program::Scratch;
use crate::{Entry, Map, Value};

/// `uri_parser`.
#[derive(Debug)]
pub(crate) struct UriParser;

impl Parse for UriParser {
    fn parse<'a>(
        &'a self,
        value: &Value<'a>,
        _: &Entry<'a>,
        _: &mut Scratch,
    ) -> Result<Value<'a>, Failure> {
        parse_text(value, "URI", |text| parse(text).map(Value::Map))
    }
}

fn invalid(text: &str, what: &str) -> Failure {
    Failure::from(format!("parse {text:?}: {what}"))
}

/// Source: Go `net/url.ParseRequestURI`, RFC 3986.
fn parse(text: &str) -> Result<Map<'_>, Failure> {
    let mut map = Map::new();
    if let Some(found) = text.strip_prefix('?') {
        query(found, &mut map)?;
        return Ok(map);
    }
    if text.is_empty() || text.bytes().any(|byte| byte < 0x20 || byte == 0x7f) {
        return Err(invalid(text, "empty url or control character in it"));
    }
    let scheme = scheme(text);
    let rest = match scheme {
        Some(scheme) => &text[scheme.len() + 1..],
        None => text,
    };
    if scheme.is_none() && !rest.starts_with('/') {
        return Err(invalid(text, "invalid URI for request"));
    }
    let (rest, search) = match rest.split_once('?') {
        Some((rest, search)) => (rest, Some(search)),
        None => (rest, None),
    };
    if let Some(scheme) = scheme {
        let lower = scheme.bytes().all(|b| !b.is_ascii_uppercase());
        if lower {
            map.push("scheme", scheme);
        } else {
            map.push("scheme", scheme.to_ascii_lowercase());
        }
        if !rest.starts_with('/') {
            // An opaque one has neither host nor path.
            if let Some(search) = search {
                query(search, &mut map)?;
            }
            return Ok(map);
        }
    }
    let path = match rest.strip_prefix("//").filter(|_| scheme.is_some()) {
        Some(rest) => {
            let end = rest.find('/').unwrap_or(rest.len());
            authority(text, &rest[..end], &mut map)?;
            &rest[end..]
        }
        None => rest,
    };
    if !path.is_empty() {
        check_escapes(text, path)?;
        if path.contains('#') {
            map.push("path", path.replace('#', "%23"));
        } else {
            map.push("path", path);
        }
    }
    if let Some(search) = search {
        query(search, &mut map)?;
    }
    Ok(map)
}

fn scheme(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')))?;
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic());
    (begins && text[end..].starts_with(':')).then(|| &text[..end])
}

fn authority<'a>(text: &str, part: &'a str, map: &mut Map<'a>) -> Result<(), Failure> {
    let (user, address) = match part.rsplit_once('@') {
        Some((user, address)) => (Some(user), address),
        None => (None, part),
    };
    if let Some(user) = user {
        let name = user.split_once(':').map_or(user, |(name, _)| name);
        if !name.is_empty() {
            map.push("user", decoded(text, name, false)?);
        }
    }
    let (host, port) = match address.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest
                .split_once(']')
                .ok_or_else(|| invalid(text, "missing ']' in host"))?;
            (host, rest.strip_prefix(':'))
        }
        None => match address.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (address, None),
        },
    };
    let port = port.unwrap_or("");
    if !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid(text, "invalid port after host"));
    }
    if host.contains(' ') {
        return Err(invalid(text, "invalid character \" \" in host name"));
    }
    if !host.is_empty() {
        map.push("host", decoded(text, host, false)?);
    }
    if !port.is_empty() {
        map.push("port", port);
    }
    Ok(())
}

fn check_escapes(text: &str, part: &str) -> Result<(), Failure> {
    decoded(text, part, false).map(|_| ())
}

/// Text with its `%xx` decoded, and `+` as a space where asked.
fn decoded(text: &str, part: &str, plus: bool) -> Result<String, Failure> {
    let mut out = Vec::with_capacity(part.len());
    let bytes = part.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'%' => {
                let digit = |at: usize| bytes.get(at).and_then(|b| char::from(*b).to_digit(16));
                let (Some(high), Some(low)) = (digit(at + 1), digit(at + 2)) else {
                    return Err(invalid(text, "invalid URL escape"));
                };
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            b'+' if plus => {
                out.push(b' ');
                at += 1;
            }
            byte => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    Ok(String::from_utf8(out)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// Each name with the list of its values, under `query`; names in the order of the alphabet.
fn query(text: &str, map: &mut Map<'_>) -> Result<(), Failure> {
    let mut values = std::collections::BTreeMap::<String, Vec<Value<'_>>>::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        if pair.contains(';') {
            return Err(invalid(text, "invalid semicolon separator in query"));
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decoded(text, value, true)?;
        values
            .entry(decoded(text, name, true)?)
            .or_default()
            .push(Value::from(value));
    }
    if !values.is_empty() {
        let values = values.into_iter();
        let values = values.map(|(name, values)| (name.into(), Value::List(values)));
        map.push("query", Value::Map(values.collect()));
    }
    Ok(())
}
