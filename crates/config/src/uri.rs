//! Configuration URIs: `scheme:opaque`.

/// What a URI says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Uri<'a> {
    pub(crate) scheme: &'a str,
    /// Everything after the first colon.
    pub(crate) opaque: &'a str,
}

impl<'a> Uri<'a> {
    /// Splits a URI; `None` if it has no scheme of at least two characters.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (scheme, opaque) = text.split_once(':')?;
        let mut letters = scheme.chars();
        let valid = letters
            .next()
            .is_some_and(|first| first.is_ascii_alphabetic())
            && scheme.len() >= 2
            && letters.all(|letter| letter.is_ascii_alphanumeric() || "+.-".contains(letter));
        valid.then_some(Self { scheme, opaque })
    }

    /// As [`Uri::parse`] for the value of `--config`, where a path may stand alone: no colon, or
    /// only that of a drive letter, means a file.
    pub(crate) fn parse_location(text: &'a str) -> Option<Self> {
        let drive = text.as_bytes().get(1) == Some(&b':')
            && text.starts_with(|first: char| first.is_ascii_alphabetic());
        if drive || !text.contains(':') {
            return Some(Self {
                scheme: "file",
                opaque: text,
            });
        }
        Self::parse(text)
    }
}

/// The name and the default of `NAME` or `NAME:-default`.
pub(crate) fn split_default(opaque: &str) -> (&str, Option<&str>) {
    match opaque.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (opaque, None),
    }
}

/// Whether this can be the name of an environment variable.
pub(crate) fn is_env_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_without_scheme_is_a_file() {
        for (text, scheme, opaque) in [
            ("otelcol.yaml", "file", "otelcol.yaml"),
            ("/etc/otelcol.yaml", "file", "/etc/otelcol.yaml"),
            ("C:\\otelcol.yaml", "file", "C:\\otelcol.yaml"),
            ("file:/etc/a.yaml", "file", "/etc/a.yaml"),
            ("env:NAME", "env", "NAME"),
            ("yaml:a::b: 1", "yaml", "a::b: 1"),
            ("https://host/path", "https", "//host/path"),
            ("s3+x.y-z:q", "s3+x.y-z", "q"),
        ] {
            assert_eq!(
                Uri::parse_location(text),
                Some(Uri { scheme, opaque }),
                "{text}"
            );
        }
        for text in ["1x:y", ":y", "a b:c", "-a:b"] {
            assert_eq!(Uri::parse_location(text), None, "{text}");
        }
        assert_eq!(
            Uri::parse("a:b"),
            None,
            "one letter is no scheme inside a reference"
        );
    }

    #[test]
    fn names_of_variables_are_letters_digits_and_underscores() {
        for name in ["A", "_a1", "otel_X"] {
            assert!(is_env_name(name), "{name}");
        }
        for name in ["", "1", "1A", "a.b", "a-b", "ü", "a "] {
            assert!(!is_env_name(name), "{name}");
        }
    }
}
