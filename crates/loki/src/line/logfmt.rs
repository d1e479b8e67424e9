//! `key=value` pairs, as `go-logfmt` writes them.
//!
//! A body that is logfmt itself is taken apart and written again, one that is not becomes `msg`.
//! (A text of words is logfmt, too: each word is a key without a value.)

use std::borrow::Cow;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use headwater_core::pdata::view::{AnyValue, KeyValue};

use super::{Keys, Record, Scope, is_id, put_hex};
use crate::json::MAX_DEPTH;

/// Appends resource and scope.
pub(super) fn put_tail<'a>(
    out: &mut Vec<u8>,
    resource: impl Iterator<Item = KeyValue<'a>>,
    scope: Scope<'_>,
) {
    let begin = out.len();
    let mut line = Line { out, begin };
    line.all("resource_", resource);
    if !scope.name.is_empty() {
        line.pair(b"instrumentation_scope_name", scope.name.as_bytes(), true);
        if !scope.version.is_empty() {
            let version = scope.version.as_bytes();
            line.pair(b"instrumentation_scope_version", version, true);
        }
    }
}

/// Appends the line.
pub(super) fn put_line<'a>(
    out: &mut Vec<u8>,
    keys: Keys<'_>,
    record: &Record<'a>,
    attributes: impl Iterator<Item = KeyValue<'a>>,
    tail: &[u8],
) {
    let begin = out.len();
    let mut line = Line { out, begin };
    // What the record says itself replaces an entry of the same name in a body that is a map.
    let (mut trace_id, mut span_id, mut flags) = (Vec::new(), Vec::new(), Vec::new());
    put_hex(&mut trace_id, record.trace_id);
    put_hex(&mut span_id, record.span_id);
    write!(flags, "{}", record.flags).ok();
    let trace_key = keys.trace_id("traceID");
    let own: [(&str, &[u8], bool); 4] = [
        (trace_key, &trace_id, is_id(record.trace_id)),
        ("spanID", &span_id, is_id(record.span_id)),
        (
            "severity",
            record.severity.as_bytes(),
            !record.severity.is_empty(),
        ),
        ("flags", &flags, record.flags != 0),
    ];
    let mut written = [false; 4];
    match &record.body {
        AnyValue::Empty => {}
        AnyValue::String(text) => match parse(text.as_bytes()) {
            Some(pairs) => {
                for (key, value) in pairs {
                    line.pair(key, &value, false);
                }
            }
            None => line.pair(b"msg", text.as_bytes(), true),
        },
        AnyValue::Map(entries) => {
            for entry in entries.iter() {
                let key = entry.key().as_bytes();
                let found = own
                    .iter()
                    .position(|(name, _, given)| *given && name.as_bytes() == key);
                match found {
                    Some(at) if !matches!(entry.value(), AnyValue::Map(_) | AnyValue::Array(_)) => {
                        written[at] = true;
                        line.pair(key, own[at].1, true);
                    }
                    _ => line.value(&mut key.to_vec(), &entry.value(), 0),
                }
            }
        }
        AnyValue::Array(_) => line.value(&mut b"body".to_vec(), &record.body, 0),
        other => line.value(&mut b"msg".to_vec(), other, 0),
    }
    for ((name, value, given), written) in own.into_iter().zip(written) {
        if given && !written {
            line.pair(name.as_bytes(), value, true);
        }
    }
    line.all("attribute_", attributes);
    if !tail.is_empty() {
        if line.out.len() > begin {
            line.out.push(b' ');
        }
        line.out.extend_from_slice(tail);
    }
}

struct Line<'o> {
    out: &'o mut Vec<u8>,
    begin: usize,
}

impl Line<'_> {
    fn all<'a>(&mut self, prefix: &str, entries: impl Iterator<Item = KeyValue<'a>>) {
        let mut key = Vec::with_capacity(64);
        for entry in entries {
            key.clear();
            key.extend_from_slice(prefix.as_bytes());
            key.extend_from_slice(entry.key().as_bytes());
            self.value(&mut key, &entry.value(), 0);
        }
    }

    /// Writes a value; of lists and maps each element with its place as a part of the key.
    fn value(&mut self, key: &mut Vec<u8>, value: &AnyValue<'_>, depth: usize) {
        let length = key.len();
        let separator: &[u8] = if length == 0 { b"" } else { b"_" };
        match value {
            AnyValue::Empty => {}
            AnyValue::String(text) => self.pair(key, text.as_bytes(), true),
            AnyValue::Bool(_) | AnyValue::Int(_) => {
                self.pair(key, value.to_string().as_bytes(), true);
            }
            AnyValue::Double(number) => self.pair(key, float(*number).as_bytes(), true),
            // As a Go byte slice: the bytes themselves, where they are text.
            AnyValue::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => self.pair(key, text.as_bytes(), false),
                Err(_) => self.pair(key, STANDARD.encode(bytes).as_bytes(), false),
            },
            AnyValue::Array(_) | AnyValue::Map(_) if depth == MAX_DEPTH => {}
            AnyValue::Map(entries) => {
                for entry in entries.iter() {
                    key.extend_from_slice(separator);
                    key.extend_from_slice(entry.key().as_bytes());
                    self.value(key, &entry.value(), depth + 1);
                    key.truncate(length);
                }
            }
            AnyValue::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    key.extend_from_slice(separator);
                    write!(key, "{index}").ok();
                    self.value(key, &value, depth + 1);
                    key.truncate(length);
                }
            }
        }
    }

    /// Writes one pair, unless nothing of its key can be written. `text`: the word `null` is a
    /// string here, and quoted.
    fn pair(&mut self, key: &[u8], value: &[u8], text: bool) {
        let before = self.out.len();
        if before > self.begin {
            self.out.push(b' ');
        }
        let at = self.out.len();
        put_key(self.out, key);
        if self.out.len() == at {
            self.out.truncate(before);
            return;
        }
        self.out.push(b'=');
        if text && value == b"null" {
            self.out.extend_from_slice(b"\"null\"");
        } else {
            put_value(self.out, value);
        }
    }
}

const fn is_odd(byte: u8) -> bool {
    byte <= b' ' || byte == b'=' || byte == b'"' || byte == 0x7f
}

fn put_key(out: &mut Vec<u8>, key: &[u8]) {
    for chunk in key.utf8_chunks() {
        for letter in chunk.valid().chars() {
            let odd = letter.is_ascii() && is_odd(letter as u8);
            if !odd && letter != char::REPLACEMENT_CHARACTER {
                out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
    }
}

fn put_value(out: &mut Vec<u8>, value: &[u8]) {
    let text = String::from_utf8_lossy(value);
    let needs_quotes = |letter: char| {
        letter == char::REPLACEMENT_CHARACTER || letter.is_ascii() && is_odd(letter as u8)
    };
    if !text.contains(needs_quotes) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    for letter in text.chars() {
        match letter {
            '\\' | '"' => out.extend_from_slice(&[b'\\', letter as u8]),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            '\0'..='\u{1f}' | '\u{7f}' => {
                write!(out, "\\u{:04x}", u32::from(letter)).ok();
            }
            char::REPLACEMENT_CHARACTER => out.extend_from_slice(b"\\ufffd"),
            other => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}

/// A number as Go's `fmt.Sprint` writes it: the shortest form, with an exponent below 1e-4 and from
/// 1e6 on.
fn float(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..6).contains(&exponent) {
        return format!("{number}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

type Pair<'a> = (&'a [u8], Cow<'a, [u8]>);

/// Takes a line apart; `None` if it is no logfmt. Only the first line counts, as in Go.
fn parse(text: &[u8]) -> Option<Vec<Pair<'_>>> {
    let end = text.iter().position(|b| *b == b'\n').unwrap_or(text.len());
    let line = &text[..end];
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut pairs = Vec::new();
    let mut at = 0;
    loop {
        at += line[at..].iter().take_while(|b| **b <= b' ').count();
        if at == line.len() {
            return Some(pairs);
        }
        let start = at;
        let ends = |byte: &u8| *byte <= b' ' || *byte == b'=' || *byte == b'"';
        at += line[at..].iter().position(ends).unwrap_or(line.len() - at);
        let key = &line[start..at];
        let next = line.get(at).copied();
        if next == Some(b'"') || key.is_empty() {
            return None;
        }
        let valid = std::str::from_utf8(key);
        if !valid.is_ok_and(|key| !key.contains(char::REPLACEMENT_CHARACTER)) {
            return None;
        }
        if next != Some(b'=') {
            pairs.push((key, Cow::Borrowed(&[][..])));
            continue;
        }
        at += 1;
        match line.get(at) {
            Some(b'"') => {
                let (value, length) = quoted(&line[at..])?;
                at += length;
                pairs.push((key, value));
            }
            _ => {
                let start = at;
                at += line[at..].iter().position(ends).unwrap_or(line.len() - at);
                if matches!(line.get(at), Some(b'=' | b'"')) {
                    return None;
                }
                pairs.push((key, Cow::Borrowed(&line[start..at])));
            }
        }
    }
}

/// The quoted value that `line` begins with, and its length with quotes.
fn quoted(line: &[u8]) -> Option<(Cow<'_, [u8]>, usize)> {
    let mut at = 1;
    let mut escaped = false;
    loop {
        match line.get(at)? {
            b'\\' => {
                escaped = true;
                at += 2;
            }
            b'"' => break,
            _ => at += 1,
        }
    }
    if !escaped {
        return Some((Cow::Borrowed(&line[1..at]), at + 1));
    }
    // Escapes are those of JSON.
    let text = String::from_utf8_lossy(&line[..=at]).replace("\\'", "'");
    let value: String = serde_json::from_str(&text).ok()?;
    Some((Cow::Owned(value.into_bytes()), at + 1))
}
