//! Words of a text. Source: the lexer rules of Go `pkg/ottl/grammar.go`.

use crate::ast::{Compare, Operator, Place};
use crate::error::OttlError;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    /// Letters, digits and `_`, beginning with a letter.
    Word(String),
    String(Vec<u8>),
    Bytes(Vec<u8>),
    Int(i64),
    Float(f64),
    Compare(Compare),
    Operator(Operator),
    /// One of `= ( ) [ ] { } : , .`
    Sign(char),
    End,
}

impl Token {
    /// What a user knows it by.
    pub(crate) fn shown(&self, text: &str) -> String {
        match self {
            Self::End => "the end".to_owned(),
            _ => format!("`{text}`"),
        }
    }
}

pub(crate) fn lex(text: &str) -> Result<Vec<(Token, Place)>, OttlError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let (token, length) = next(text, at, c)?;
        tokens.push((token, at..at + length));
        at += length;
    }
    tokens.push((Token::End, text.len()..text.len()));
    Ok(tokens)
}

/// The token that begins with `c` at `at`, and how long it is.
fn next(text: &str, at: usize, c: char) -> Result<(Token, usize), OttlError> {
    let rest = &text[at..];
    if c == '"' {
        return string(text, at);
    }
    if c.is_ascii_digit() || (c == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) {
        return number(rest).map_err(|message| {
            let end = rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '.'))
                .unwrap_or(rest.len());
            OttlError::new(at..at + end, message)
        });
    }
    if c.is_ascii_alphabetic() {
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        return Ok((Token::Word(rest[..end].to_owned()), end));
    }
    for (sign, compare) in [
        ("==", Compare::Equal),
        ("!=", Compare::NotEqual),
        (">=", Compare::GreaterOrEqual),
        ("<=", Compare::LessOrEqual),
        (">", Compare::Greater),
        ("<", Compare::Less),
    ] {
        if rest.starts_with(sign) {
            return Ok((Token::Compare(compare), sign.len()));
        }
    }
    let token = match c {
        '+' => Token::Operator(Operator::Add),
        '-' => Token::Operator(Operator::Subtract),
        '*' => Token::Operator(Operator::Multiply),
        '/' => Token::Operator(Operator::Divide),
        '=' | '(' | ')' | '[' | ']' | '{' | '}' | ':' | ',' | '.' => Token::Sign(c),
        _ => return Err(unexpected(rest, at, c)),
    };
    Ok((token, 1))
}

fn unexpected(rest: &str, at: usize, c: char) -> OttlError {
    let range = at..at + c.len_utf8();
    let error = |length, message: &str, help: &str| {
        OttlError::new(at..at + length, message).help(help.to_owned())
    };
    if rest.starts_with("&&") {
        return error(2, "`&&` is not an operator", "write `and`");
    }
    if rest.starts_with("||") {
        return error(2, "`||` is not an operator", "write `or`");
    }
    match c {
        '\'' | '`' | '\u{201c}' | '\u{201d}' | '\u{2018}' | '\u{2019}' => error(
            c.len_utf8(),
            "texts stand in double quotes",
            "write `\"`; in YAML, put the whole into single quotes then",
        ),
        '!' => error(1, "`!` is not an operator", "write `not`"),
        '%' => error(1, "there is no remainder operator", "only + - * / exist"),
        _ => OttlError::new(range, format!("unexpected character {c:?}")),
    }
}

/// `0x…`, digits, or digits with a point and perhaps an exponent.
fn number(rest: &str) -> Result<(Token, usize), String> {
    let bytes = rest.as_bytes();
    let digits = |from: usize| {
        let digits = bytes[from..].iter().take_while(|b| b.is_ascii_digit());
        from + digits.count()
    };
    if rest.starts_with("0x") {
        let hex = bytes[2..].iter().take_while(|b| b.is_ascii_hexdigit());
        let length = hex.count();
        if length > 0 {
            return Ok((Token::Bytes(unhex(&bytes[2..2 + length])?), 2 + length));
        }
    }
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.') {
        end = digits(end + 1);
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let exponent = digits(end + 1 + sign);
            if exponent > end + 1 + sign {
                end = exponent;
            }
        }
        let value = rest[..end].parse().map_err(|_| "not a number".to_owned())?;
        return Ok((Token::Float(value), end));
    }
    // As in Go, a leading zero makes it octal.
    let value = match rest[..end].strip_prefix('0') {
        Some(octal) if !octal.is_empty() => i64::from_str_radix(octal, 8)
            .map_err(|_| "a number with a leading zero is octal, and this is none".to_owned())?,
        _ => rest[..end]
            .parse()
            .map_err(|_| "the number is too large".to_owned())?,
    };
    Ok((Token::Int(value), end))
}

fn unhex(digits: &[u8]) -> Result<Vec<u8>, String> {
    let (pairs, odd) = digits.as_chunks::<2>();
    if !odd.is_empty() {
        return Err("a byte has two hexadecimal digits; one is missing".to_owned());
    }
    let pair = |pair: &[u8; 2]| {
        let text = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(text, 16).ok()
    };
    pairs
        .iter()
        .map(pair)
        .collect::<Option<_>>()
        .ok_or_else(|| "not hexadecimal".to_owned())
}

/// A text in double quotes, with Go's escapes.
fn string(text: &str, begin: usize) -> Result<(Token, usize), OttlError> {
    let mut out = Vec::new();
    let mut at = begin + 1;
    while let Some(c) = text[at..].chars().next() {
        match c {
            '"' => return Ok((Token::String(out), at + 1 - begin)),
            '\\' => at += escape(text, at, &mut out)?,
            other => {
                at += other.len_utf8();
                out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
    }
    let message = "the text is not closed";
    Err(OttlError::new(begin..begin + 1, message).label("`\"` is missing"))
}

/// Appends what the escape at `at` stands for, and says how long it is.
fn escape(text: &str, at: usize, out: &mut Vec<u8>) -> Result<usize, OttlError> {
    let rest = &text[at + 1..];
    let Some(c) = rest.chars().next() else {
        return Ok(1);
    };
    let wrong = |message: &str| {
        let end = at + 1 + c.len_utf8();
        OttlError::new(at..end, message).help("write `\\\\` for a backslash")
    };
    let simple = match c {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' | '"' => c as u8,
        _ => 0,
    };
    if simple != 0 {
        out.push(simple);
        return Ok(2);
    }
    let (from, count, radix) = match c {
        'x' => (1, 2, 16),
        'u' => (1, 4, 16),
        'U' => (1, 8, 16),
        '0'..='7' => (0, 3, 8),
        _ => return Err(wrong("there is no such escape")),
    };
    let digits = rest.get(from..from + count).unwrap_or_default();
    let value = u32::from_str_radix(digits, radix)
        .ok()
        .filter(|_| digits.chars().all(|c| c.is_digit(radix)))
        .ok_or_else(|| wrong("the escape is not complete"))?;
    if matches!(c, 'u' | 'U') {
        let c = char::from_u32(value).ok_or_else(|| wrong("there is no such character"))?;
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        out.push(u8::try_from(value).map_err(|_| wrong("a byte is at most \\377"))?);
    }
    Ok(1 + from + count)
}
