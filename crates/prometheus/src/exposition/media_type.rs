//! Media types, as strictly as Go's `mime` reads them.

/// The media type of a header in lower case; `None` if the header is malformed in any part.
pub(super) fn media_type(header: &str) -> Option<String> {
    let (base, mut rest) = match header.find(';') {
        Some(at) => header.split_at(at),
        None => (header, ""),
    };
    let base = base.trim().to_ascii_lowercase();
    let (kind, subtype) = base.split_once('/').unwrap_or((&base, "x"));
    if !is_token(kind) || !is_token(subtype) {
        return None;
    }
    let mut seen: Vec<(String, String)> = Vec::new();
    loop {
        rest = rest.trim_start();
        let Some(parameter) = rest.strip_prefix(';') else {
            return rest.is_empty().then_some(base);
        };
        let parameter = parameter.trim_start();
        if parameter.is_empty() {
            return Some(base);
        }
        let (key, behind) = split_token(parameter);
        let value = behind.trim_start().strip_prefix('=')?.trim_start();
        let (value, behind) = match value.strip_prefix('"') {
            Some(quoted) => split_quoted(quoted)?,
            None => {
                let (value, behind) = split_token(value);
                if value.is_empty() {
                    return None;
                }
                (value.to_owned(), behind)
            }
        };
        let key = key.to_ascii_lowercase();
        if key.is_empty() {
            return None;
        }
        if let Some((_, before)) = seen.iter().find(|(before, _)| *before == key)
            && *before != value
        {
            return None;
        }
        seen.push((key, value));
        rest = behind;
    }
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_graphic()
        && !matches!(
            byte,
            b'(' | b')'
                | b'<'
                | b'>'
                | b'@'
                | b','
                | b';'
                | b':'
                | b'\\'
                | b'"'
                | b'/'
                | b'['
                | b']'
                | b'?'
                | b'='
        )
}

fn split_token(text: &str) -> (&str, &str) {
    let end = text.bytes().position(|byte| !is_token_byte(byte));
    text.split_at(end.unwrap_or(text.len()))
}

/// What stands up to the closing quote, and what is behind it.
fn split_quoted(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((out, &text[at + 1..])),
            '\r' | '\n' => return None,
            // Only what needs a backslash loses it.
            '\\' if text[at + 1..].starts_with(['\\', '"']) => {
                out.extend(chars.next().map(|(_, c)| c));
            }
            c => out.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::media_type;

    #[test]
    fn a_malformed_parameter_spoils_the_whole_header() {
        for (header, want) in [
            ("text/plain", Some("text/plain")),
            (" Text/PLAIN ; a = b;", Some("text/plain")),
            ("text/plain; a=\"b;\\\"c\"", Some("text/plain")),
            ("text/plain; a=b; a=b", Some("text/plain")),
            ("text/plain; a=b; a=c", None),
            ("text/plain; a", None),
            ("text/plain; a=", None),
            ("text/plain; a=\"\"", Some("text/plain")),
            ("text/plain;;a=b", None),
            ("text/plain; a=b;;", None),
            ("text/plain; =b", None),
            ("text/plain; a=b c", None),
            ("text/plain; a=\"b", None),
            ("text/plain x", None),
            ("text/", None),
            ("text/a/b", None),
            ("text", Some("text")),
            ("", None),
        ] {
            assert_eq!(media_type(header).as_deref(), want, "{header}");
        }
    }
}
