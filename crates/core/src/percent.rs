//! Percent-encoding of what goes into URLs and forms.

/// Appends `text` with everything encoded that is neither an ASCII letter or digit nor among `kept`.
pub fn escape(out: &mut String, text: &str, kept: &[u8]) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

/// Appends `text` as a part of a query or a form, where a blank is `+`; Go `url.QueryEscape`.
pub fn escape_query(out: &mut String, text: &str) {
    for (at, part) in text.split(' ').enumerate() {
        if at > 0 {
            out.push('+');
        }
        escape(out, part, b"-_.~");
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_query_keeps_what_go_keeps() {
        let mut out = String::new();
        super::escape_query(&mut out, "a b&c=\u{fc}/-_.~ ");
        assert_eq!(out, "a+b%26c%3D%C3%BC%2F-_.~+");
    }
}
