//! Go's escapes in quoted strings.

use std::str::Chars;

/// The text between quotes with its escapes resolved; `None` if one of them is none of Go's, or if
/// the bytes are no UTF-8.
pub(crate) fn unquote(text: &str) -> Option<String> {
    if !text.contains('\\') {
        return Some(text.to_owned());
    }
    let mut out = Vec::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => escape(&mut chars, &mut out)?,
            c => put(&mut out, c),
        }
    }
    String::from_utf8(out).ok()
}

fn put(out: &mut Vec<u8>, c: char) {
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Resolves what stands behind a backslash.
fn escape(chars: &mut Chars<'_>, out: &mut Vec<u8>) -> Option<()> {
    let c = chars.next()?;
    let byte = match c {
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0c,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 0x0b,
        '\\' | '\'' | '"' => c as u8,
        'x' => u8::try_from(digits(chars, 2, 16, 0)?).ok()?,
        '0'..='7' => u8::try_from(digits(chars, 2, 8, c.to_digit(8)?)?).ok()?,
        'u' | 'U' => {
            let count = if c == 'u' { 4 } else { 8 };
            put(out, char::from_u32(digits(chars, count, 16, 0)?)?);
            return Some(());
        }
        _ => return None,
    };
    out.push(byte);
    Some(())
}

fn digits(chars: &mut Chars<'_>, count: usize, radix: u32, mut value: u32) -> Option<u32> {
    for _ in 0..count {
        value = value
            .checked_mul(radix)?
            .checked_add(chars.next()?.to_digit(radix)?)?;
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_those_of_go() {
        assert_eq!(
            unquote(r#"a\n\"\\\x41\101\u00e4"#).unwrap(),
            "a\n\"\\AA\u{e4}"
        );
        assert_eq!(unquote(r"\xe4"), None, "no UTF-8");
        for wrong in [r"\q", r"\u12", r"\", r"\x1"] {
            assert_eq!(unquote(wrong), None, "{wrong}");
        }
    }
}
