//! Go's quoted text.

use std::borrow::Cow;

use crate::operator::Failure;

const INVALID: Failure = Failure::new("unquote: invalid syntax");

/// Takes the quotes off, as Go's `strconv.Unquote` does: `"…"` with escapes, `` `…` `` as it is,
/// `'…'` around one character.
pub(crate) fn unquote(text: &str) -> Result<Cow<'_, str>, Failure> {
    let quote = text
        .chars()
        .next()
        .filter(|c| matches!(c, '"' | '`' | '\''));
    let inner = quote.and_then(|quote| text[1..].strip_suffix(quote));
    let (Some(quote), Some(inner)) = (quote, inner) else {
        return Err(INVALID);
    };
    if quote == '`' {
        if inner.contains('`') {
            return Err(INVALID);
        }
        return Ok(if inner.contains('\r') {
            Cow::Owned(inner.replace('\r', ""))
        } else {
            Cow::Borrowed(inner)
        });
    }
    let text = if inner.contains(['\\', quote, '\n']) {
        Cow::Owned(escaped(inner, quote)?)
    } else {
        Cow::Borrowed(inner)
    };
    if quote == '\'' && text.chars().count() != 1 {
        return Err(INVALID);
    }
    Ok(text)
}

fn escaped(inner: &str, quote: char) -> Result<String, Failure> {
    let mut out = Vec::with_capacity(inner.len());
    let mut chars = inner.chars();
    let put = |c: char, out: &mut Vec<u8>| {
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    };
    while let Some(c) = chars.next() {
        if c == quote || c == '\n' {
            return Err(INVALID);
        }
        if c != '\\' {
            put(c, &mut out);
            continue;
        }
        let escape = chars.next().ok_or(INVALID)?;
        let mut number = |radix: u32, digits: usize, first: u32| {
            let mut value = first;
            for _ in 0..digits {
                let digit = chars
                    .next()
                    .and_then(|c| c.to_digit(radix))
                    .ok_or(INVALID)?;
                value = value.wrapping_mul(radix).wrapping_add(digit);
            }
            Ok::<_, Failure>(value)
        };
        match escape {
            'a' => out.push(7),
            'b' => out.push(8),
            'f' => out.push(12),
            'n' => out.push(b'\n'),
            'r' => out.push(b'\r'),
            't' => out.push(b'\t'),
            'v' => out.push(11),
            '\\' => out.push(b'\\'),
            'x' => out.push(number(16, 2, 0)? as u8),
            'u' => put(char::from_u32(number(16, 4, 0)?).ok_or(INVALID)?, &mut out),
            'U' => put(char::from_u32(number(16, 8, 0)?).ok_or(INVALID)?, &mut out),
            '0'..='7' => {
                let first = escape.to_digit(8).unwrap_or(0);
                out.push(u8::try_from(number(8, 2, first)?).map_err(|_| INVALID)?);
            }
            c if c == quote => put(c, &mut out),
            _ => return Err(INVALID),
        }
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_of_three_kinds_come_off() {
        assert_eq!(unquote(r#""a\"b\n\x41\u00e9\101""#).unwrap(), "a\"b\nAéA");
        assert!(matches!(unquote(r#""plain""#), Ok(Cow::Borrowed("plain"))));
        assert_eq!(unquote("`a\\n`").unwrap(), "a\\n");
        assert_eq!(unquote("'x'").unwrap(), "x");
        for text in [
            "", "\"", "plain", "\"a", "'xy'", "\"a\"b\"", r#""\q""#, "`a`b`", "\"a\nb\"",
        ] {
            assert!(unquote(text).is_err(), "{text}");
        }
    }
}
