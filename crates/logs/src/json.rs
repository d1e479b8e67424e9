//! JSON to values: text without escapes stays a slice of the line.

use std::borrow::Cow;

use crate::operator::Failure;
use crate::{Map, Str, Value};

/// How deep maps and lists may nest and stay what they are: protobuf decoders stop at 100
/// messages, and each level is three. What is deeper stays as its JSON text.
const MAX_DEPTH: usize = 30;

/// How deep text that is kept as it is may nest.
const MAX_SKIPPED_DEPTH: usize = 10_000;

/// Reads one JSON value. Numbers become floats, as in Go, unless `ints` keeps whole ones.
///
/// # Errors
/// [`Failure`] with what is wrong and at which byte.
pub fn parse(text: &str, ints: bool) -> Result<Value<'_>, Failure> {
    let mut parser = Parser { text, at: 0, ints };
    parser.skip_space();
    let value = parser.value(0)?;
    parser.skip_space();
    if parser.at < text.len() {
        return Err(parser.failure("unexpected text after the value"));
    }
    Ok(value)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    ints: bool,
}

impl<'a> Parser<'a> {
    fn failure(&self, what: &str) -> Failure {
        Failure::from(format!("invalid JSON: {what} at byte {}", self.at))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn expect(&mut self, literal: &str, value: Value<'a>) -> Result<Value<'a>, Failure> {
        if self.text.as_bytes()[self.at..].starts_with(literal.as_bytes()) {
            self.at += literal.len();
            return Ok(value);
        }
        Err(self.failure("unexpected character"))
    }

    fn value(&mut self, depth: usize) -> Result<Value<'a>, Failure> {
        match self.peek() {
            Some(b'{' | b'[') if depth >= MAX_DEPTH => {
                let start = self.at;
                self.skip_nested()?;
                Ok(Value::from(&self.text[start..self.at]))
            }
            Some(b'{') => Ok(Value::Map(self.map(depth)?)),
            Some(b'[') => self.list(depth),
            Some(b'"') => Ok(Value::Str(self.string()?)),
            Some(b't') => self.expect("true", Value::Bool(true)),
            Some(b'f') => self.expect("false", Value::Bool(false)),
            Some(b'n') => self.expect("null", Value::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => Err(self.failure("unexpected character")),
            None => Err(self.failure("unexpected end")),
        }
    }

    fn map(&mut self, depth: usize) -> Result<Map<'a>, Failure> {
        self.at += 1;
        // Most objects that are logged have a handful of members.
        let mut entries = Vec::with_capacity(8);
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Map::new());
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err(self.failure("expected a key"));
            }
            let key = self.string()?;
            self.skip_space();
            if self.peek() != Some(b':') {
                return Err(self.failure("expected `:`"));
            }
            self.at += 1;
            self.skip_space();
            entries.push((key, self.value(depth + 1)?));
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return Err(self.failure("expected `,` or `}`")),
            }
        }
        self.at += 1;
        Ok(Map::from_entries(entries))
    }

    fn list(&mut self, depth: usize) -> Result<Value<'a>, Failure> {
        self.at += 1;
        let mut list = Vec::new();
        self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::List(list));
        }
        loop {
            self.skip_space();
            list.push(self.value(depth + 1)?);
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return Err(self.failure("expected `,` or `]`")),
            }
        }
        self.at += 1;
        Ok(Value::List(list))
    }

    /// Moves behind a map or list whose content is not looked at closely, without recursion.
    fn skip_nested(&mut self) -> Result<(), Failure> {
        let mut open = Vec::new();
        loop {
            match self.peek() {
                None => return Err(self.failure("unexpected end")),
                Some(b'"') => {
                    self.string()?;
                    continue;
                }
                Some(byte @ (b'{' | b'[')) => {
                    if open.len() >= MAX_SKIPPED_DEPTH {
                        return Err(self.failure("nested too deep"));
                    }
                    open.push(byte);
                }
                Some(byte @ (b'}' | b']')) => {
                    let opened = open.pop();
                    if opened != Some(if byte == b'}' { b'{' } else { b'[' }) {
                        return Err(self.failure("unexpected bracket"));
                    }
                }
                Some(_) => {}
            }
            self.at += 1;
            if open.is_empty() {
                return Ok(());
            }
        }
    }

    fn number(&mut self) -> Result<Value<'a>, Failure> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let digits = |at: &mut usize| {
            let begin = *at;
            while bytes.get(*at).is_some_and(u8::is_ascii_digit) {
                *at += 1;
            }
            *at > begin
        };
        let mut at = start + usize::from(bytes[start] == b'-');
        let leading_zero = bytes.get(at) == Some(&b'0');
        let begin = at;
        let mut sound = digits(&mut at) && !(leading_zero && at - begin > 1);
        let mut whole = true;
        if bytes.get(at) == Some(&b'.') {
            whole = false;
            at += 1;
            sound &= digits(&mut at);
        }
        if let Some(b'e' | b'E') = bytes.get(at) {
            whole = false;
            at += 1;
            at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
            sound &= digits(&mut at);
        }
        if !sound {
            return Err(self.failure("not a number"));
        }
        self.at = at;
        let text = &self.text[start..at];
        if self.ints
            && whole
            && let Ok(number) = text.parse()
        {
            return Ok(Value::Int(number));
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Value::Float(number)),
            _ => Err(self.failure("number out of range")),
        }
    }

    fn string(&mut self) -> Result<Str<'a>, Failure> {
        self.at += 1;
        let start = self.at;
        let bytes = self.text.as_bytes();
        let end = self.plain_end(start);
        match bytes.get(end) {
            Some(b'"') => {
                self.at = end + 1;
                Ok(Cow::Borrowed(&self.text[start..end]))
            }
            Some(b'\\') => self.escaped(start, end),
            Some(_) => {
                self.at = end;
                Err(self.failure("control character in a string"))
            }
            None => {
                self.at = end;
                Err(self.failure("unclosed string"))
            }
        }
    }

    /// Where the next quote, backslash or control character stands.
    fn plain_end(&self, from: usize) -> usize {
        let rest = &self.text.as_bytes()[from..];
        let (words, tail) = rest.as_chunks::<8>();
        for (index, word) in words.iter().enumerate() {
            let hits = special(u64::from_le_bytes(*word));
            if hits != 0 {
                return from + index * 8 + hits.trailing_zeros() as usize / 8;
            }
        }
        let found = tail
            .iter()
            .position(|byte| *byte == b'"' || *byte == b'\\' || *byte < 0x20);
        from + words.len() * 8 + found.unwrap_or(tail.len())
    }

    fn escaped(&mut self, start: usize, mut end: usize) -> Result<Str<'a>, Failure> {
        let mut out = self.text[start..end].to_owned();
        loop {
            self.at = end;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Owned(out));
                }
                Some(b'\\') => {
                    self.at += 1;
                    out.push(self.escape()?);
                }
                Some(_) => return Err(self.failure("control character in a string")),
                None => return Err(self.failure("unclosed string")),
            }
            end = self.plain_end(self.at);
            out.push_str(&self.text[self.at..end]);
        }
    }

    fn escape(&mut self) -> Result<char, Failure> {
        let byte = self.peek();
        self.at += 1;
        Ok(match byte {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let first = self.hex4()?;
                if (0xd800..0xdc00).contains(&first)
                    && self.text.as_bytes()[self.at..].starts_with(b"\\u")
                {
                    let back = self.at;
                    self.at += 2;
                    let second = self.hex4()?;
                    if (0xdc00..0xe000).contains(&second) {
                        let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                        return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                    }
                    self.at = back;
                }
                char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => {
                self.at -= 1;
                return Err(self.failure("unknown escape"));
            }
        })
    }

    fn hex4(&mut self) -> Result<u32, Failure> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4);
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let digits = digits.filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(code) = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) else {
            return Err(self.failure("expected four hexadecimal digits"));
        };
        self.at += 4;
        Ok(code)
    }
}

/// The high bit of each byte that is a quote, a backslash or a control character. Bits above the
/// lowest one may be wrong: a subtraction borrows from the next byte.
const fn special(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = ONES << 7;
    const fn below(word: u64, limit: u64) -> u64 {
        word.wrapping_sub(ONES * limit) & !word & HIGH
    }
    let quote = below(word ^ (ONES * b'"' as u64), 1);
    let backslash = below(word ^ (ONES * b'\\' as u64), 1);
    quote | backslash | below(word, 0x20)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_without_escapes_is_a_slice_of_the_line() {
        let line = r#" {"a": "plain", "b": "with \"quotes\" \u00e9\ud83d\ude00"} "#;
        let value = parse(line, false).unwrap();
        let map = value.as_map().unwrap();
        assert!(matches!(
            map.get("a"),
            Some(Value::Str(Cow::Borrowed("plain")))
        ));
        assert_eq!(map.get("b").unwrap().as_str(), Some("with \"quotes\" é😀"));
    }

    #[test]
    fn whole_numbers_are_floats_unless_asked_for() {
        let number = |text, ints| parse(text, ints).unwrap();
        assert_eq!(number("12", false), Value::Float(12.0));
        assert_eq!(number("12", true), Value::Int(12));
        assert_eq!(number("1.5e3", true), Value::Float(1500.0));
        assert_eq!(number("99999999999999999999", true), Value::Float(1e20));
    }

    #[test]
    fn what_is_nested_too_deep_stays_text() {
        let text = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
        let mut value = parse(&text, false).unwrap();
        for _ in 0..MAX_DEPTH {
            value = match value {
                Value::List(mut list) => list.remove(0),
                other => panic!("{other:?}"),
            };
        }
        let deep = value.as_str().unwrap();
        assert_eq!(deep.len(), text.len() - 2 * MAX_DEPTH);
        assert!(parse(&"[".repeat(100_000), false).is_err());
    }

    #[test]
    fn mistakes_are_refused() {
        for text in [
            "",
            "{",
            "{\"a\"}",
            "{\"a\":}",
            "[1,]",
            "{\"a\":1,}",
            "01",
            "1.",
            "-",
            "tru",
            "\"a",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"\u{1}\"",
            "1 2",
            "{a:1}",
            "1e400",
        ] {
            assert!(parse(text, false).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_answered_as_serde_answers_it(text in r#"[\[\]{},:"\\u0-9a-f.eE+ tn-]{0,40}"#) {
            let ours = parse(&text, false).is_ok();
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            // Lone surrogates are replaced here, as in Go, and refused there.
            if !text.contains("\\u") {
                prop_assert_eq!(ours, theirs.is_ok(), "{:?}", theirs);
            }
        }

        #[test]
        fn strings_survive(text in ".*") {
            let quoted = serde_json::to_string(&text).unwrap();
            let value = parse(&quoted, false).unwrap();
            prop_assert_eq!(value.as_str(), Some(text.as_str()));
        }
    }
}
