//! JSON as Go's `encoding/json` writes it.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use headwater_core::pdata::view::{AnyValue, KeyValue};
use smallvec::SmallVec;

/// What stands for a byte below 0x80 in a string: 0 for itself, `u` for `\u00XX`, else the letter
/// behind a backslash.
const ESCAPES: [u8; 128] = {
    let mut table = [0; 128];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = b'u';
        byte += 1;
    }
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table[b'\n' as usize] = b'n';
    table[b'\r' as usize] = b'r';
    table[b'\t' as usize] = b't';
    table[8] = b'b';
    table[12] = b'f';
    table[b'<' as usize] = b'u';
    table[b'>' as usize] = b'u';
    table[b'&' as usize] = b'u';
    table
};

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends a string in quotes. What is not UTF-8 becomes U+FFFD.
pub fn put_text(out: &mut Vec<u8>, text: &[u8]) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut plain = 0;
    let mut at = plain_prefix(text);
    while let Some(&byte) = text.get(at) {
        if byte < 0x80 {
            let escape = ESCAPES[usize::from(byte)];
            if escape == 0 {
                at += 1;
                continue;
            }
            out.extend_from_slice(&text[plain..at]);
            if escape == b'u' {
                let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&digits);
            } else {
                out.extend_from_slice(&[b'\\', escape]);
            }
            at += 1;
            plain = at;
            at += plain_prefix(&text[at..]);
            continue;
        }
        let (length, escaped) = beyond_ascii(&text[at..]);
        if let Some(escaped) = escaped {
            out.extend_from_slice(&text[plain..at]);
            out.extend_from_slice(escaped);
            plain = at + length;
        }
        at += length;
    }
    out.extend_from_slice(&text[plain..]);
    out.push(b'"');
}

/// How many bytes at the beginning stand for themselves, in steps of 32; there may be more.
fn plain_prefix(text: &[u8]) -> usize {
    // Without a branch for each byte, so that the compiler looks at many at a time.
    let plain = |chunk: &[u8; 32]| {
        let special = chunk.iter().fold(false, |special, &byte| {
            special
                | !(0x20..0x80).contains(&byte)
                | (byte == b'"')
                | (byte == b'\\')
                | (byte == b'<')
                | (byte == b'>')
                | (byte == b'&')
        });
        !special
    };
    let (chunks, _) = text.as_chunks::<32>();
    chunks.iter().take_while(|chunk| plain(chunk)).count() * 32
}

/// The length of the character that `text` begins with, and what is written for it if not itself.
#[cold]
fn beyond_ascii(text: &[u8]) -> (usize, Option<&'static [u8]>) {
    let Some(chunk) = text[..text.len().min(4)].utf8_chunks().next() else {
        return (1, None);
    };
    match chunk.valid().chars().next() {
        Some('\u{2028}') => (3, Some(b"\\u2028")),
        Some('\u{2029}') => (3, Some(b"\\u2029")),
        Some(letter) => (letter.len_utf8(), None),
        // Go replaces byte by byte.
        None => (1, Some(b"\\ufffd")),
    }
}

/// Appends a whole number.
pub fn put_number(out: &mut Vec<u8>, number: i64) {
    // A vector takes everything.
    write!(out, "{number}").ok();
}

/// How deep values are written; what is deeper becomes `null`.
pub const MAX_DEPTH: usize = 100;

/// Appends a value. Numbers that JSON does not have become `null` (Go refuses the whole line).
pub fn put_value(out: &mut Vec<u8>, value: &AnyValue<'_>) {
    put_value_at(out, value, 0);
}

fn put_value_at(out: &mut Vec<u8>, value: &AnyValue<'_>, depth: usize) {
    match value {
        AnyValue::Array(_) | AnyValue::Map(_) if depth == MAX_DEPTH => {
            out.extend_from_slice(b"null");
        }
        AnyValue::Empty => out.extend_from_slice(b"null"),
        AnyValue::String(text) => put_text(out, text.as_bytes()),
        AnyValue::Double(number) if !number.is_finite() => out.extend_from_slice(b"null"),
        AnyValue::Bool(_) | AnyValue::Int(_) | AnyValue::Double(_) => {
            write!(out, "{value}").ok();
        }
        AnyValue::Bytes(bytes) => {
            out.push(b'"');
            out.extend_from_slice(STANDARD.encode(bytes).as_bytes());
            out.push(b'"');
        }
        AnyValue::Array(values) => {
            out.push(b'[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                put_value_at(out, &value, depth + 1);
            }
            out.push(b']');
        }
        AnyValue::Map(entries) => put_map_at(out, entries.iter(), depth + 1),
    }
}

/// Appends an object: the entries in the order of their names; of a name that occurs twice the
/// last one counts.
pub fn put_map<'a>(out: &mut Vec<u8>, entries: impl Iterator<Item = KeyValue<'a>>) {
    put_map_at(out, entries, 0);
}

fn put_map_at<'a>(out: &mut Vec<u8>, entries: impl Iterator<Item = KeyValue<'a>>, depth: usize) {
    let mut sorted: SmallVec<[KeyValue<'a>; 16]> = entries.collect();
    sorted.sort_by(|a, b| a.key().cmp(&b.key()));
    out.push(b'{');
    let mut first = true;
    for (index, entry) in sorted.iter().enumerate() {
        let next = sorted.get(index + 1);
        if next.is_some_and(|next| next.key() == entry.key()) {
            continue;
        }
        if !std::mem::replace(&mut first, false) {
            out.push(b',');
        }
        put_text(out, entry.key().as_bytes());
        out.push(b':');
        put_value_at(out, &entry.value(), depth);
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use headwater_core::pdata::edit::EncodedValue;

    use super::*;

    fn text(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        put_text(&mut out, bytes);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn strings_are_escaped_as_go_escapes_them() {
        assert_eq!(text(b"plain"), "\"plain\"");
        assert_eq!(
            text(b"<a>&\"\\\n\r\t\x08\x0c\x01\x7f"),
            "\"\\u003ca\\u003e\\u0026\\\"\\\\\\n\\r\\t\\b\\f\\u0001\x7f\""
        );
        assert_eq!(
            text("ä\u{2028}\u{2029}€".as_bytes()),
            "\"ä\\u2028\\u2029€\""
        );
        assert_eq!(text(b"a\xff\xe2\x82b"), "\"a\\ufffd\\ufffd\\ufffdb\"");
    }

    #[test]
    fn values_of_any_depth_are_written() {
        let mut value = EncodedValue::new(&1_i64);
        for _ in 0..500 {
            value = EncodedValue::array([&value]);
        }
        let mut out = Vec::new();
        put_value(&mut out, &value.view());
        let expected = format!("{}null{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn maps_are_sorted_and_the_last_of_a_name_counts() {
        let (one, nan) = (EncodedValue::new(&1.5), EncodedValue::new(&f64::NAN));
        let bytes = EncodedValue::new(b"\x01".as_slice());
        let map = EncodedValue::map([("b", &one), ("a", &bytes), ("b", &nan)]);
        let mut out = Vec::new();
        put_value(&mut out, &map.view());
        assert_eq!(String::from_utf8(out).unwrap(), r#"{"a":"AQ==","b":null}"#);
    }
}
