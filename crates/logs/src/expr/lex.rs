//! Words of an expression.

use super::ExprError;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Name(String),
    Text(String),
    Int(i64),
    Float(f64),
    Sign(&'static str),
    End,
}

/// Longer ones first.
const SIGNS: [&str; 29] = [
    "**", "??", "?.", "==", "!=", "<=", ">=", "&&", "||", "..", "+", "-", "*", "/", "%", "^", "<",
    ">", "!", "(", ")", "[", "]", "{", "}", ",", ".", "?", ":",
];

pub(super) fn lex(text: &str) -> Result<Vec<(Token, usize)>, ExprError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let start = at;
        let rest = &text[at..];
        let token = if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        } else if rest.starts_with("//") || rest.starts_with('#') {
            break;
        } else if let Some(comment) = rest.strip_prefix("/*") {
            let end = comment
                .find("*/")
                .ok_or_else(|| ExprError::new(start, "unclosed comment"))?;
            at += end + 4;
            continue;
        } else if matches!(c, '"' | '\'' | '`') {
            let (text, length) = string(rest, c).map_err(|what| ExprError::new(start, what))?;
            at += length;
            Token::Text(text)
        } else if c.is_ascii_digit()
            || (c == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit()))
        {
            let (token, length) =
                number(rest).ok_or_else(|| ExprError::new(start, "not a number"))?;
            at += length;
            token
        } else if c.is_alphabetic() || matches!(c, '_' | '$') {
            let end = rest
                .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$')))
                .unwrap_or(rest.len());
            at += end;
            Token::Name(rest[..end].to_owned())
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            let sign = match sign {
                Some(sign) => sign,
                None if rest.starts_with('|') => &"|",
                None => return Err(ExprError::new(start, format!("unexpected character {c:?}"))),
            };
            at += sign.len();
            Token::Sign(sign)
        };
        tokens.push((token, start));
    }
    tokens.push((Token::End, text.len()));
    Ok(tokens)
}

fn number(rest: &str) -> Option<(Token, usize)> {
    for (prefix, radix) in [("0x", 16), ("0X", 16), ("0b", 2), ("0o", 8)] {
        if let Some(digits) = rest.strip_prefix(prefix) {
            let end = digits
                .find(|c: char| !(c.is_digit(radix) || c == '_'))
                .unwrap_or(digits.len());
            let value = i64::from_str_radix(&digits[..end].replace('_', ""), radix).ok()?;
            return Some((Token::Int(value), end + 2));
        }
    }
    let bytes = rest.as_bytes();
    let mut at = 0;
    let mut whole = true;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'0'..=b'9' | b'_' => at += 1,
            // `1..3` is a range.
            b'.' if whole && bytes.get(at + 1) != Some(&b'.') => {
                whole = false;
                at += 1;
            }
            b'e' | b'E' => {
                whole = false;
                at += 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
            }
            _ => break,
        }
    }
    let digits = rest[..at].replace('_', "");
    let token = if whole {
        Token::Int(digits.parse().ok()?)
    } else {
        Token::Float(digits.parse().ok()?)
    };
    Some((token, at))
}

/// The content of a quoted text, and the length of all of it.
fn string(rest: &str, quote: char) -> Result<(String, usize), &'static str> {
    let mut out = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            _ if c == quote => return Ok((out, at + 1)),
            '\\' if quote != '`' => {
                let escape = chars.next().map(|(_, c)| c);
                out.push(match escape {
                    Some('n') => '\n',
                    Some('r') => '\r',
                    Some('t') => '\t',
                    Some('a') => '\u{7}',
                    Some('b') => '\u{8}',
                    Some('f') => '\u{c}',
                    Some('v') => '\u{b}',
                    Some(c @ ('\\' | '\'' | '"')) => c,
                    Some(kind @ ('x' | 'u' | 'U')) => {
                        let count = match kind {
                            'x' => 2,
                            'u' => 4,
                            _ => 8,
                        };
                        let mut code = 0_u32;
                        for _ in 0..count {
                            let digit = chars.next().and_then(|(_, c)| c.to_digit(16));
                            let digit = digit.ok_or("expected hexadecimal digits after `\\`")?;
                            code = code.wrapping_mul(16).wrapping_add(digit);
                        }
                        char::from_u32(code).ok_or("not a character")?
                    }
                    _ => return Err("unknown escape: write `\\\\` for a backslash"),
                });
            }
            _ => out.push(c),
        }
    }
    Err("unclosed quote")
}
