//! The escapes of the text formats.

use std::borrow::Cow;

/// Decodes `\\`, `\"` and `\n` of names, label values and OpenMetrics texts. Any other backslash
/// stands for itself.
pub(super) fn decode(raw: &[u8]) -> Cow<'_, str> {
    decode_with(raw, true)
}

/// Decodes `\\` and `\n` of a help text in text 0.0.4, where `\"` stands for itself.
pub(super) fn decode_help(raw: &[u8]) -> Cow<'_, str> {
    decode_with(raw, false)
}

/// Bytes as text. Nearly all are UTF-8, of which the general way makes more work.
pub(super) fn text(raw: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(raw).map_or_else(|_| String::from_utf8_lossy(raw), Cow::Borrowed)
}

fn decode_with(raw: &[u8], quotes: bool) -> Cow<'_, str> {
    let Some(first) = memchr::memchr(b'\\', raw) else {
        return text(raw);
    };
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    let mut next = Some(first);
    while let Some(at) = next {
        out.extend_from_slice(&rest[..at]);
        let decoded = match rest.get(at + 1) {
            Some(b'\\') => Some(b'\\'),
            Some(b'n') => Some(b'\n'),
            Some(b'"') if quotes => Some(b'"'),
            _ => None,
        };
        out.push(decoded.unwrap_or(b'\\'));
        rest = &rest[at + 1 + usize::from(decoded.is_some())..];
        next = memchr::memchr(b'\\', rest);
    }
    out.extend_from_slice(rest);
    match String::from_utf8(out) {
        Ok(text) => Cow::Owned(text),
        Err(error) => Cow::Owned(String::from_utf8_lossy(error.as_bytes()).into_owned()),
    }
}

/// Appends `text` with `\\`, `\n` and, if asked for, `\"`.
pub(super) fn encode(out: &mut Vec<u8>, text: &str, quotes: bool) {
    let mut rest = text.as_bytes();
    while let Some(at) = memchr::memchr3(b'\\', b'\n', b'"', rest) {
        out.extend_from_slice(&rest[..at]);
        match rest[at] {
            b'\n' => out.extend_from_slice(b"\\n"),
            b'"' if !quotes => out.push(b'"'),
            byte => out.extend_from_slice(&[b'\\', byte]),
        }
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::{decode, decode_help, encode};

    #[test]
    fn only_the_known_escapes_are_decoded() {
        assert_eq!(decode(br#"a\\b\"c\nd\te\"#), "a\\b\"c\nd\\te\\");
        assert_eq!(decode_help(br#"a\\b\"c\nd"#), "a\\b\\\"c\nd");
        assert_eq!(decode(br"\\n"), "\\n");
        assert_eq!(decode(b"plain"), "plain");
    }

    #[test]
    fn what_is_encoded_decodes_to_itself() {
        let text = "a\\b\"c\nd\\n\\";
        let mut out = Vec::new();
        encode(&mut out, text, true);
        assert_eq!(decode(&out), text);
        out.clear();
        encode(&mut out, text, false);
        assert_eq!(decode_help(&out), text);
    }
}
