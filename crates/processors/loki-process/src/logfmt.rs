//! logfmt: `level=info msg="it works" done`.

use std::borrow::Cow;

/// Calls `found` with each key and value until the text ends or is no logfmt any more; `false` in
/// the second case. A key without `=` has an empty value. Source: `go-logfmt`.
pub(crate) fn scan<'t>(text: &'t str, mut found: impl FnMut(&'t str, Cow<'t, str>)) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        while bytes.get(at).is_some_and(|byte| *byte <= b' ') {
            at += 1;
        }
        if at == bytes.len() {
            return true;
        }
        let begin = at;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'=' | 0..=b' ' => break,
                b'"' => return false,
                _ => at += 1,
            }
        }
        let key = &text[begin..at];
        if bytes.get(at) != Some(&b'=') {
            found(key, Cow::Borrowed(""));
            continue;
        }
        if key.is_empty() {
            return false;
        }
        at += 1;
        if bytes.get(at) == Some(&b'"') {
            let Some((value, end)) = quoted(text, at) else {
                return false;
            };
            found(key, value);
            at = end;
            continue;
        }
        let begin = at;
        while let Some(byte) = bytes.get(at) {
            match byte {
                0..=b' ' => break,
                b'=' | b'"' => return false,
                _ => at += 1,
            }
        }
        found(key, Cow::Borrowed(&text[begin..at]));
    }
}

/// The quoted value that begins at `at`, and where it ends.
fn quoted(text: &str, at: usize) -> Option<(Cow<'_, str>, usize)> {
    let bytes = text.as_bytes();
    let mut end = at + 1;
    let mut escaped = false;
    loop {
        match bytes.get(end)? {
            b'"' => break,
            b'\\' => {
                escaped = true;
                end += 2;
            }
            _ => end += 1,
        }
    }
    let value = if escaped {
        // The escapes are those of JSON.
        match headwater_logs::parse_json(&text[at..=end], false).ok()? {
            headwater_logs::Value::Str(value) => value,
            _ => return None,
        }
    } else {
        Cow::Borrowed(&text[at + 1..end])
    };
    Some((value, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> (Vec<(&str, String)>, bool) {
        let mut all = Vec::new();
        let sound = scan(text, |key, value| all.push((key, value.into_owned())));
        (all, sound)
    }

    #[test]
    fn keys_and_values_are_found_until_something_is_wrong() {
        let own = |pairs: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
            pairs.iter().map(|(k, v)| (*k, (*v).to_owned())).collect()
        };
        let (all, sound) = pairs(r#"level=info  msg="a \"b\" c" done n= x="""#);
        let expected = own(&[
            ("level", "info"),
            ("msg", "a \"b\" c"),
            ("done", ""),
            ("n", ""),
            ("x", ""),
        ]);
        assert_eq!((all, sound), (expected, true));
        for broken in ["a=b=c", "a=\"b", "=b", "a\"b", "a=b\"c"] {
            assert!(!pairs(broken).1, "{broken}");
        }
        assert_eq!(pairs("a=1 b=\"x"), (own(&[("a", "1")]), false));
    }
}
