//! A JSON reader over bytes that hands out tokens as they are asked for.

use std::borrow::Cow;

use super::JsonProblem;
use crate::pdata::wire::MAX_DEPTH;

/// Reads one document from front to back.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    input: &'a [u8],
    pos: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        Self { input, pos: 0 }
    }

    /// Bytes read so far.
    pub(super) fn offset(&self) -> usize {
        self.pos
    }

    /// The first byte of the next token.
    #[inline]
    pub(super) fn peek(&mut self) -> Result<u8, JsonProblem> {
        while let Some(&byte) = self.input.get(self.pos) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Ok(byte);
            }
            self.pos += 1;
        }
        Err(JsonProblem::End)
    }

    /// Consumes `byte` if it comes next.
    #[inline]
    pub(super) fn eat(&mut self, byte: u8) -> Result<bool, JsonProblem> {
        let found = self.peek()? == byte;
        self.pos += usize::from(found);
        Ok(found)
    }

    /// Consumes `byte`, which must come next.
    #[inline]
    pub(super) fn expect(&mut self, byte: u8, name: &'static str) -> Result<(), JsonProblem> {
        if self.eat(byte)? {
            Ok(())
        } else {
            Err(JsonProblem::Expected(name))
        }
    }

    /// Consumes `null` if it comes next.
    #[inline]
    pub(super) fn eat_null(&mut self) -> Result<bool, JsonProblem> {
        if self.peek()? != b'n' {
            return Ok(false);
        }
        self.literal(b"null", "null")?;
        Ok(true)
    }

    fn literal(&mut self, literal: &[u8], name: &'static str) -> Result<(), JsonProblem> {
        if !self.input[self.pos..].starts_with(literal) {
            return Err(JsonProblem::Expected(name));
        }
        self.pos += literal.len();
        Ok(())
    }

    pub(super) fn boolean(&mut self) -> Result<bool, JsonProblem> {
        match self.peek()? {
            b't' => self.literal(b"true", "true").map(|()| true),
            b'f' => self.literal(b"false", "false").map(|()| false),
            _ => Err(JsonProblem::Expected("true or false")),
        }
    }

    /// A number, as it is spelled.
    pub(super) fn number(&mut self) -> Result<&'a [u8], JsonProblem> {
        self.peek()?;
        let start = self.pos;
        let digits = |lexer: &mut Self| {
            let from = lexer.pos;
            while lexer.input.get(lexer.pos).is_some_and(u8::is_ascii_digit) {
                lexer.pos += 1;
            }
            lexer.pos - from
        };
        let next_is = |lexer: &Self, set: &[u8]| {
            lexer
                .input
                .get(lexer.pos)
                .is_some_and(|byte| set.contains(byte))
        };
        self.pos += usize::from(next_is(self, b"-"));
        let leading_zero = next_is(self, b"0");
        let whole = digits(self);
        let mut valid = whole == 1 || whole > 1 && !leading_zero;
        if next_is(self, b".") {
            self.pos += 1;
            valid &= digits(self) > 0;
        }
        if next_is(self, b"eE") {
            self.pos += 1;
            self.pos += usize::from(next_is(self, b"+-"));
            valid &= digits(self) > 0;
        }
        if valid {
            Ok(&self.input[start..self.pos])
        } else {
            Err(JsonProblem::Expected("a number"))
        }
    }

    /// A string, its escapes resolved. May hold invalid UTF-8 if the document does.
    #[inline]
    pub(super) fn string(&mut self) -> Result<Cow<'a, [u8]>, JsonProblem> {
        self.expect(b'"', "a string")?;
        let start = self.pos;
        self.pos += plain_len(&self.input[start..]);
        if self.input.get(self.pos) == Some(&b'"') {
            let text = &self.input[start..self.pos];
            self.pos += 1;
            return Ok(Cow::Borrowed(text));
        }
        self.string_with_escapes(start).map(Cow::Owned)
    }

    fn string_with_escapes(&mut self, start: usize) -> Result<Vec<u8>, JsonProblem> {
        let mut text = self.input[start..self.pos].to_vec();
        loop {
            match self.input.get(self.pos) {
                None => return Err(JsonProblem::End),
                Some(b'"') => {
                    self.pos += 1;
                    return Ok(text);
                }
                Some(b'\\') => {
                    self.pos += 1;
                    self.escape(&mut text)?;
                }
                Some(_) => {
                    let run = plain_len(&self.input[self.pos..]);
                    if run == 0 {
                        return Err(JsonProblem::String);
                    }
                    text.extend_from_slice(&self.input[self.pos..self.pos + run]);
                    self.pos += run;
                }
            }
        }
    }

    fn escape(&mut self, text: &mut Vec<u8>) -> Result<(), JsonProblem> {
        let &kind = self.input.get(self.pos).ok_or(JsonProblem::End)?;
        self.pos += 1;
        text.push(match kind {
            b'"' | b'\\' | b'/' => kind,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let character = self.unicode_escape()?;
                text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => {
                self.pos -= 1;
                return Err(JsonProblem::String);
            }
        });
        Ok(())
    }

    /// What follows `\u`; a surrogate without its other half is U+FFFD.
    fn unicode_escape(&mut self) -> Result<char, JsonProblem> {
        let first = self.hex4()?;
        if (0xd800..0xdc00).contains(&first) && self.input[self.pos..].starts_with(b"\\u") {
            let before = self.pos;
            self.pos += 2;
            let second = self.hex4()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.pos = before;
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex4(&mut self) -> Result<u32, JsonProblem> {
        let mut value = 0;
        for _ in 0..4 {
            let &byte = self.input.get(self.pos).ok_or(JsonProblem::End)?;
            let digit = char::from(byte).to_digit(16).ok_or(JsonProblem::String)?;
            value = value << 4 | digit;
            self.pos += 1;
        }
        Ok(value)
    }

    /// Consumes the closing bracket or what comes before the next element. `first` is whether no
    /// element has been read yet.
    #[inline]
    pub(super) fn more(&mut self, first: bool, close: u8) -> Result<bool, JsonProblem> {
        if self.eat(close)? {
            return Ok(false);
        }
        if !first {
            let expected = if close == b']' {
                "`,` or `]`"
            } else {
                "`,` or `}`"
            };
            self.expect(b',', expected)?;
        }
        Ok(true)
    }

    /// Skips one value of any type. `depth` is how many messages are open around it.
    pub(super) fn skip(&mut self, depth: usize) -> Result<(), JsonProblem> {
        let mut open: Vec<u8> = Vec::new();
        let mut first = true;
        loop {
            if let Some(&close) = open.last() {
                if !self.more(first, close)? {
                    open.pop();
                    first = false;
                    if open.is_empty() {
                        return Ok(());
                    }
                    continue;
                }
                if close == b'}' {
                    self.string()?;
                    self.expect(b':', "`:`")?;
                }
            }
            first = false;
            match self.peek()? {
                bracket @ (b'{' | b'[') => {
                    if open.len() + depth >= MAX_DEPTH {
                        return Err(JsonProblem::TooDeep);
                    }
                    self.pos += 1;
                    open.push(if bracket == b'{' { b'}' } else { b']' });
                    first = true;
                }
                b'"' => drop(self.string()?),
                b't' | b'f' => drop(self.boolean()?),
                b'n' => self.literal(b"null", "null")?,
                b'-' | b'0'..=b'9' => drop(self.number()?),
                _ => return Err(JsonProblem::Expected("a value")),
            }
            if open.is_empty() {
                return Ok(());
            }
        }
    }

    /// The document must end here.
    pub(super) fn end(&mut self) -> Result<(), JsonProblem> {
        match self.peek() {
            Err(_) => Ok(()),
            Ok(_) => Err(JsonProblem::Trailing),
        }
    }
}

/// How many bytes at the start of `text` need no attention inside a string: neither a quote, nor
/// a backslash, nor a control character.
#[inline]
pub(super) fn plain_len(text: &[u8]) -> usize {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // A zero byte in `x` sets its high bit; borrows can only set bits above a real hit.
    let zero = |x: u64| x.wrapping_sub(LOW) & !x & HIGH;
    let mut len = 0;
    let (words, _) = text.as_chunks::<8>();
    for word in words {
        let word = u64::from_le_bytes(*word);
        let quote = zero(word ^ (LOW * b'"' as u64));
        let backslash = zero(word ^ (LOW * b'\\' as u64));
        let control = word.wrapping_sub(LOW * 0x20) & !word & HIGH;
        let hit = quote | backslash | control;
        if hit != 0 {
            return len + hit.trailing_zeros() as usize / 8;
        }
        len += 8;
    }
    let rest = &text[len..];
    len + rest
        .iter()
        .position(|&b| b == b'"' || b == b'\\' || b < 0x20)
        .unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(json: &[u8]) -> Result<Vec<u8>, JsonProblem> {
        Lexer::new(json).string().map(Cow::into_owned)
    }

    #[test]
    fn every_escape_is_resolved() {
        let json = br#""a\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\ude00z""#;
        let text = "a\"\\/\u{8}\u{c}\n\r\tA\u{e9}\u{20ac}\u{1f600}z";
        assert_eq!(string(json).unwrap(), text.as_bytes());
    }

    #[test]
    fn half_a_surrogate_pair_becomes_a_replacement_character() {
        for (json, text) in [
            (r#""\ud83d""#, "\u{fffd}"),
            (r#""\ude00x""#, "\u{fffd}x"),
            (r#""\ud83d\u0041""#, "\u{fffd}A"),
            (r#""\ud83dz""#, "\u{fffd}z"),
        ] {
            assert_eq!(string(json.as_bytes()).unwrap(), text.as_bytes(), "{json}");
        }
    }

    #[test]
    fn specials_are_found_at_every_place_of_a_string() {
        for len in 0..40 {
            for special in [b'"', b'\\', 0x1f, 0, b'\n'] {
                let mut text = vec![b'x'; len];
                text.push(special);
                text.extend([b'"'; 12]);
                assert_eq!(plain_len(&text), len, "{special}");
            }
            assert_eq!(plain_len(&vec![0xff; len]), len);
        }
    }

    #[test]
    fn strings_must_end_and_hold_no_control_characters() {
        assert_eq!(string(b"\"abc"), Err(JsonProblem::End));
        assert_eq!(string(b"\"abc\\"), Err(JsonProblem::End));
        assert_eq!(string(b"\"a\nb\""), Err(JsonProblem::String));
        assert_eq!(string(b"\"a\\x\""), Err(JsonProblem::String));
        assert_eq!(string(b"\"\\u12g4\""), Err(JsonProblem::String));
    }

    #[test]
    fn numbers_follow_the_grammar() {
        for good in ["0", "-0", "12", "1.5", "-1.5e+10", "1E3", "0.001"] {
            assert_eq!(Lexer::new(good.as_bytes()).number(), Ok(good.as_bytes()));
        }
        for bad in ["-", "01", "1.", ".5", "1e", "+1", "e5"] {
            assert!(Lexer::new(bad.as_bytes()).number().is_err(), "{bad}");
        }
    }

    #[test]
    fn any_value_is_skipped_and_must_be_well_formed() {
        for good in [
            r#"{"a":[1,{"b":null}],"c":{}}x"#,
            "[]x",
            "\"s\"x",
            "true x",
            "-1.5 x",
        ] {
            let mut lexer = Lexer::new(good.as_bytes());
            lexer.skip(0).unwrap();
            assert_eq!(lexer.peek(), Ok(b'x'), "{good}");
        }
        for bad in [
            "{]",
            "[1 2]",
            "{\"a\" 1}",
            "{1:2}",
            "nul",
            "[1,",
            "x",
            "{,}",
        ] {
            assert!(Lexer::new(bad.as_bytes()).skip(0).is_err(), "{bad}");
        }
        let deep = vec![b'['; MAX_DEPTH + 1];
        assert_eq!(Lexer::new(&deep).skip(0), Err(JsonProblem::TooDeep));
    }
}
