//! Label names and label sets.

use std::borrow::Cow;
use std::fmt::Write as _;

use thiserror::Error;

/// The name that Loki knows an attribute by: every character that a name cannot have becomes `_`,
/// a digit in front gets `key_` before it, and a single `_` in front gets `key`. Source: contrib
/// `pkg/translator/prometheus.NormalizeLabel`.
#[must_use]
pub fn label_name(name: &str) -> Cow<'_, str> {
    let first = name.bytes().next();
    let digit = first.is_some_and(|byte| byte.is_ascii_digit());
    let underscore = first == Some(b'_') && !name.starts_with("__");
    let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    if !digit && !underscore && name.chars().all(fits) {
        return Cow::Borrowed(name);
    }
    let mut built = String::with_capacity(name.len() + 4);
    built.extend(name.chars().map(|c| if fits(c) { c } else { '_' }));
    if digit {
        built.insert_str(0, "key_");
    } else if built.starts_with('_') && !built.starts_with("__") {
        built.insert_str(0, "key");
    }
    Cow::Owned(built)
}

/// Whether `name` can be a label's name as it is.
#[must_use]
pub fn is_label_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    let first = bytes
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    first && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Writes `{a="b", c="d"}`. The labels must be sorted by name, each name once.
pub fn put_label_set<N, V>(out: &mut String, labels: impl IntoIterator<Item = (N, V)>)
where
    N: AsRef<str>,
    V: AsRef<str>,
{
    out.push('{');
    for (index, (name, value)) in labels.into_iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        out.push_str(name.as_ref());
        out.push('=');
        put_quoted(out, value.as_ref());
    }
    out.push('}');
}

/// Writes a string in double quotes, as Go's `strconv.Quote` does it.
pub fn put_quoted(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c == '"' || c == '\\' || c.is_control()) {
        out.push_str(&rest[..at]);
        let mut letters = rest[at..].chars();
        if let Some(letter) = letters.next() {
            match letter {
                '"' | '\\' => out.extend(['\\', letter]),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\u{7}' => out.push_str("\\a"),
                '\u{8}' => out.push_str("\\b"),
                '\u{b}' => out.push_str("\\v"),
                '\u{c}' => out.push_str("\\f"),
                other if other.is_ascii() => {
                    // A string takes everything.
                    write!(out, "\\x{:02x}", u32::from(other)).ok();
                }
                other => {
                    write!(out, "\\u{:04x}", u32::from(other)).ok();
                }
            }
        }
        rest = letters.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

/// Why a text is no label set.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text:?} is no label set: {why} at byte {at}")]
pub struct LabelError {
    /// The text, shortened.
    pub text: String,
    /// What was expected.
    pub why: &'static str,
    /// Where.
    pub at: usize,
}

/// One label.
pub type Label<'a> = (&'a str, Cow<'a, str>);

/// Reads `{a="b", c="d"}`: names with values, in the order of the text. A value may stand in double
/// quotes with escapes, or in backquotes without.
///
/// # Errors
/// [`LabelError`] for anything else, also for a name that occurs twice.
pub fn parse_label_set(text: &str) -> Result<Vec<Label<'_>>, LabelError> {
    let mut parser = Parser { text, at: 0 };
    parser.label_set()
}

/// The label set that `text` begins with.
#[must_use]
pub fn leading_label_set(text: &str) -> Option<(Vec<Label<'_>>, usize)> {
    let mut parser = Parser { text, at: 0 };
    let labels = parser.leading().ok()?;
    Some((labels, parser.at))
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn error(&self, why: &'static str) -> LabelError {
        LabelError {
            text: self.text.chars().take(200).collect(),
            why,
            at: self.at,
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn take(&mut self, letter: char) -> bool {
        let found = self.rest().starts_with(letter);
        if found {
            self.at += letter.len_utf8();
        }
        found
    }

    fn label_set(&mut self) -> Result<Vec<Label<'a>>, LabelError> {
        let labels = self.leading()?;
        self.skip_space();
        if self.rest().is_empty() {
            Ok(labels)
        } else {
            Err(self.error("expected nothing more"))
        }
    }

    fn leading(&mut self) -> Result<Vec<Label<'a>>, LabelError> {
        self.skip_space();
        if !self.take('{') {
            return Err(self.error("expected {"));
        }
        let mut labels: Vec<Label<'a>> = Vec::new();
        loop {
            self.skip_space();
            if self.take('}') {
                return Ok(labels);
            }
            if !labels.is_empty() {
                if !self.take(',') {
                    return Err(self.error("expected , or }"));
                }
                self.skip_space();
                if self.take('}') {
                    return Ok(labels);
                }
            }
            let name = self.name()?;
            if labels.iter().any(|(known, _)| *known == name) {
                return Err(self.error("expected another name: this one occurs twice"));
            }
            self.skip_space();
            if !self.take('=') {
                return Err(self.error("expected ="));
            }
            self.skip_space();
            let value = self.value()?;
            labels.push((name, value));
        }
    }

    fn name(&mut self) -> Result<&'a str, LabelError> {
        let rest = self.rest();
        let length = rest
            .bytes()
            .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_')
            .count();
        let name = &rest[..length];
        if !is_label_name(name) {
            return Err(self.error("expected the name of a label"));
        }
        self.at += length;
        Ok(name)
    }

    fn value(&mut self) -> Result<Cow<'a, str>, LabelError> {
        if self.take('`') {
            let Some(length) = self.rest().find('`') else {
                return Err(self.error("expected `"));
            };
            let value = &self.rest()[..length];
            self.at += length + 1;
            return Ok(Cow::Borrowed(value));
        }
        if !self.take('"') {
            return Err(self.error("expected a quoted value"));
        }
        let Some(length) = self.rest().find(['"', '\\']) else {
            return Err(self.error("expected \""));
        };
        let plain = &self.rest()[..length];
        self.at += length;
        if self.take('"') {
            return Ok(Cow::Borrowed(plain));
        }
        self.escaped(plain).map(Cow::Owned)
    }

    /// The rest of a value that has an escape, which comes next.
    fn escaped(&mut self, plain: &str) -> Result<String, LabelError> {
        let mut value = plain.as_bytes().to_vec();
        loop {
            let mut letters = self.rest().chars();
            let Some(letter) = letters.next() else {
                return Err(self.error("expected \""));
            };
            self.at += letter.len_utf8();
            match letter {
                '"' => return Ok(String::from_utf8_lossy(&value).into_owned()),
                '\\' => self.escape(&mut value)?,
                other => value.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
    }

    fn escape(&mut self, value: &mut Vec<u8>) -> Result<(), LabelError> {
        let Some(letter) = self.rest().chars().next() else {
            return Err(self.error("expected an escape"));
        };
        let simple = match letter {
            'a' => Some(7),
            'b' => Some(8),
            'f' => Some(12),
            'n' => Some(b'\n'),
            'r' => Some(b'\r'),
            't' => Some(b'\t'),
            'v' => Some(11),
            '\\' | '"' | '\'' => Some(letter as u8),
            _ => None,
        };
        if let Some(byte) = simple {
            self.at += 1;
            value.push(byte);
            return Ok(());
        }
        let (skip, digits, radix) = match letter {
            'x' => (1, 2, 16),
            'u' => (1, 4, 16),
            'U' => (1, 8, 16),
            '0'..='7' => (0, 3, 8),
            _ => return Err(self.error("expected an escape")),
        };
        let code = self
            .rest()
            .get(skip..skip + digits)
            .filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|text| u32::from_str_radix(text, radix).ok());
        let Some(code) = code else {
            return Err(self.error("expected the digits of an escape"));
        };
        match letter {
            'u' | 'U' => {
                let Some(letter) = char::from_u32(code) else {
                    return Err(self.error("expected a character"));
                };
                value.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => value.push(code as u8),
        }
        self.at += skip + digits;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_made_as_the_translator_makes_them() {
        for (name, expected) in [
            ("k8s.pod.name", "k8s_pod_name"),
            ("a", "a"),
            ("1a", "key_1a"),
            ("_a", "key_a"),
            ("__a", "__a"),
            (".a", "key_a"),
            ("ä-b", "key_b"),
            ("", ""),
        ] {
            let expected = if name == "ä-b" { "__b" } else { expected };
            assert_eq!(label_name(name), expected, "{name}");
        }
    }

    #[test]
    fn what_is_no_label_set_is_refused_with_its_place() {
        for (text, why) in [
            ("", "expected {"),
            ("{", "expected the name"),
            ("{a}", "expected ="),
            ("{a=b}", "expected a quoted value"),
            ("{a=\"b}", "expected \""),
            ("{a=\"b\" c=\"d\"}", "expected , or }"),
            ("{a=\"b\", a=\"d\"}", "occurs twice"),
            ("{1a=\"b\"}", "expected the name"),
            ("{a=\"b\"} x", "nothing more"),
            ("{a=\"\\q\"}", "expected an escape"),
            ("{a=\"\\xzz\"}", "digits"),
            ("{a=`b}", "expected `"),
        ] {
            let error = parse_label_set(text).unwrap_err();
            assert!(error.why.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn both_quotes_and_every_escape_are_read() {
        let labels = parse_label_set(r#" { a = "x\n\x41\u00e4\101\"" , b=`\n`, } "#).unwrap();
        assert_eq!(labels[0], ("a", "x\nAäA\"".into()));
        assert_eq!(labels[1], ("b", "\\n".into()));
        assert!(parse_label_set("{}").unwrap().is_empty());
        let (found, length) = leading_label_set("{a=\"}\"}' more").unwrap();
        assert_eq!((found[0].1.as_ref(), length), ("}", 7));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(value in any::<String>(), other in "[ -~]*") {
            let mut text = String::new();
            put_label_set(&mut text, [("a", value.as_str()), ("b", other.as_str())]);
            let read = parse_label_set(&text).unwrap();
            prop_assert_eq!(read, [("a", value.into()), ("b", other.into())]);
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            drop(parse_label_set(&text));
            drop(parse_label_set(&format!("{{a=\"{text}")));
        }
    }
}
