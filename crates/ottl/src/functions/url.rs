//! `URL`: the parts of a URL, by the names of the semantic conventions. Source: Go `net/url.Parse`,
//! `internal/coreinternal/parseutils.ParseURI`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::Arguments;
use crate::error::EvalError;
use crate::value::{List, Map, Value};

type Result<T> = std::result::Result<T, EvalError>;
type Entries = Vec<(Cow<'static, [u8]>, Value<'static>)>;

pub(super) fn url<'a>(arguments: &Arguments<'a, '_>) -> Result<Value<'a>> {
    let text = arguments.text(0)?;
    if text.is_empty() {
        return Err(EvalError::new("url cannot be empty"));
    }
    let parts = match text.strip_prefix('?') {
        Some(query) => vec![entry("query", parameters(query)?)],
        None => parts(&text)?,
    };
    Ok(Value::Map(Map::Owned(parts)))
}

fn entry(name: &'static str, value: Value<'static>) -> (Cow<'static, [u8]>, Value<'static>) {
    (Cow::Borrowed(name.as_bytes()), value)
}

fn text(text: &str) -> Value<'static> {
    Value::text(text.as_bytes().to_vec())
}

fn invalid(url: &str, what: &str) -> EvalError {
    EvalError::new(format!("parse {url:?}: {what}"))
}

fn parts(url: &str) -> Result<Entries> {
    if url.bytes().any(|byte| byte < 0x20 || byte == 0x7f) {
        return Err(invalid(url, "invalid control character in URL"));
    }
    let (rest, fragment) = match url.split_once('#') {
        Some((rest, fragment)) => (rest, fragment),
        None => (url, ""),
    };
    let (scheme, rest) = scheme(url, rest)?;
    let (rest, query) = match rest.split_once('?') {
        Some((rest, query)) => (rest, query),
        None => (rest, ""),
    };
    let mut authority = "";
    let mut path = rest;
    if !rest.starts_with('/') {
        if scheme.is_some() {
            // An opaque one has neither host nor path.
            path = "";
        } else if rest
            .split('/')
            .next()
            .is_some_and(|first| first.contains(':'))
        {
            let what = "first path segment in URL cannot contain colon";
            return Err(invalid(url, what));
        }
    } else if let Some(after) = rest.strip_prefix("//")
        && (scheme.is_some() || !after.starts_with('/'))
    {
        let end = after.find('/').unwrap_or(after.len());
        (authority, path) = after.split_at(end);
    }
    let (user, address) = match authority.rsplit_once('@') {
        Some((user, address)) => (Some(user), address),
        None => (None, authority),
    };
    let (host, port) = address_of(url, address)?;
    let path = decoded(url, path, false)?;
    let mut out = vec![
        entry("url.original", text(url)),
        entry("url.domain", text(&decoded(url, host, false)?)),
        entry("url.scheme", text(&scheme.unwrap_or_default())),
        entry("url.path", text(&path)),
    ];
    if let Some(port) = port {
        out.push(entry("url.port", Value::Int(port)));
    }
    if !fragment.is_empty() {
        out.push(entry("url.fragment", text(&decoded(url, fragment, false)?)));
    }
    if let Some(user) = user {
        put_user(url, user, &mut out)?;
    }
    if !query.is_empty() {
        out.push(entry("url.query", text(query)));
    }
    if let Some((_, extension)) = path.rsplit_once('.')
        && !extension.is_empty()
    {
        out.push(entry("url.extension", text(extension)));
    }
    Ok(out)
}

/// The scheme in small letters, and what follows it.
fn scheme<'u>(url: &str, text: &'u str) -> Result<(Option<String>, &'u str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let Some(end) = text.find(|c| !is_part(c)) else {
        return Ok((None, text));
    };
    let Some(rest) = text[end..].strip_prefix(':') else {
        return Ok((None, text));
    };
    match text.chars().next() {
        Some(':') => Err(invalid(url, "missing protocol scheme")),
        Some(first) if first.is_ascii_alphabetic() => {
            Ok((Some(text[..end].to_ascii_lowercase()), rest))
        }
        // A number and a colon: the first segment of a path, which must not have one.
        _ => Ok((None, text)),
    }
}

/// Host and port of an address.
fn address_of<'u>(url: &str, address: &'u str) -> Result<(&'u str, Option<i64>)> {
    let (host, port) = match address.strip_prefix('[') {
        Some(inner) => {
            let (host, rest) = inner
                .split_once(']')
                .ok_or_else(|| invalid(url, "missing ']' in host"))?;
            match (rest, rest.strip_prefix(':')) {
                ("", _) => (host, ""),
                (_, Some(port)) => (host, port),
                _ => return Err(invalid(url, "invalid port after host")),
            }
        }
        None => address.rsplit_once(':').unwrap_or((address, "")),
    };
    if host.contains(' ') {
        return Err(invalid(url, "invalid character \" \" in host name"));
    }
    if port.is_empty() {
        return Ok((host, None));
    }
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    match port.parse() {
        Ok(port) if digits => Ok((host, Some(port))),
        _ => Err(invalid(url, "invalid port after host")),
    }
}

fn put_user(url: &str, user: &str, out: &mut Entries) -> Result<()> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
    if !user.chars().all(fits) {
        return Err(invalid(url, "net/url: invalid userinfo"));
    }
    out.push(entry("url.user_info", text(user)));
    let (name, password) = match user.split_once(':') {
        Some((name, password)) => (name, Some(password)),
        None => (user, None),
    };
    if !name.is_empty() {
        out.push(entry("url.username", text(&decoded(url, name, false)?)));
    }
    if let Some(password) = password {
        out.push(entry("url.password", text(&decoded(url, password, false)?)));
    }
    Ok(())
}

/// The values of each parameter of a query, in the order of their names.
fn parameters(query: &str) -> Result<Value<'static>> {
    let mut values = BTreeMap::<String, Vec<Value<'static>>>::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        if pair.contains(';') {
            return Err(invalid(query, "invalid semicolon separator in query"));
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = text(&decoded(query, value, true)?);
        let name = decoded(query, name, true)?;
        values.entry(name).or_default().push(value);
    }
    let values = values.into_iter().map(|(name, values)| {
        let name = Cow::Owned(name.into_bytes());
        (name, Value::List(List::Owned(values)))
    });
    Ok(Value::Map(Map::Owned(values.collect())))
}

/// Text with its `%xx` decoded, and `+` as a blank where asked.
fn decoded(url: &str, part: &str, plus: bool) -> Result<String> {
    let mut out = Vec::with_capacity(part.len());
    let mut bytes = part.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                match (digit(), digit()) {
                    (Some(high), Some(low)) => (high << 4 | low) as u8,
                    _ => return Err(invalid(url, "invalid URL escape")),
                }
            }
            b'+' if plus => b' ',
            byte => byte,
        });
    }
    Ok(String::from_utf8(out)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}
