//! LogQL's patterns: `<ip> - <_> "<method> <path>"`.

use thiserror::Error;

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum PatternError {
    /// Nothing is captured.
    #[error("at least one named capture such as `<name>` is required")]
    NoCapture,
    /// Two captures without text between them.
    #[error(
        "found consecutive captures `<{0}><{1}>`: put the text between them that ends the first"
    )]
    Consecutive(String, String),
    /// A name that is used twice.
    #[error("duplicate capture name `{0}`")]
    Duplicate(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    /// The name; `_` is not kept.
    Capture(String),
}

/// A compiled pattern.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    parts: Vec<Part>,
}

impl Pattern {
    /// Compiles a pattern. `<` and `>` around anything but a name are text.
    pub(crate) fn new(text: &str) -> Result<Self, PatternError> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if let Some(name) = capture(rest) {
                if !literal.is_empty() {
                    parts.push(Part::Literal(std::mem::take(&mut literal)));
                }
                parts.push(Part::Capture(name.to_owned()));
                rest = &rest[name.len() + 2..];
            } else {
                literal.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        let pattern = Self { parts };
        pattern.check()?;
        Ok(pattern)
    }

    fn check(&self) -> Result<(), PatternError> {
        let mut seen = Vec::new();
        for name in self.names() {
            if seen.contains(&name) {
                return Err(PatternError::Duplicate(name.to_owned()));
            }
            seen.push(name);
        }
        for pair in self.parts.windows(2) {
            if let [Part::Capture(a), Part::Capture(b)] = pair {
                return Err(PatternError::Consecutive(a.clone(), b.clone()));
            }
        }
        if seen.is_empty() {
            return Err(PatternError::NoCapture);
        }
        Ok(())
    }

    /// The names of the captures that are kept, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Capture(name) if name != "_" => Some(name.as_str()),
            _ => None,
        })
    }

    /// Calls `found` with each capture and where it stands. A line that ends early gives what is
    /// left of it to the capture it ends in; `false` if the text at the beginning is missing.
    pub(crate) fn matches<'p>(
        &'p self,
        line: &str,
        mut found: impl FnMut(&'p str, std::ops::Range<usize>),
    ) -> bool {
        if line.is_empty() {
            return false;
        }
        let mut parts = self.parts.as_slice();
        let mut at = 0;
        if let [Part::Literal(text), rest @ ..] = parts {
            if !line.starts_with(text.as_str()) {
                return false;
            }
            at = text.len();
            parts = rest;
        }
        let mut any = false;
        while let [Part::Capture(name), rest @ ..] = parts {
            let (end, next, ended) = match rest {
                [Part::Literal(text), rest @ ..] => match line[at..].find(text.as_str()) {
                    Some(found) => (at + found, at + found + text.len(), rest),
                    None => (line.len(), line.len(), &[][..]),
                },
                _ => (line.len(), line.len(), &[][..]),
            };
            if name != "_" {
                any = true;
                found(name, at..end);
            }
            at = next;
            parts = ended;
        }
        any
    }
}

/// The name of the capture that a text begins with.
fn capture(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('<')?;
    let name = &inner[..inner.find('>')?];
    crate::label::is_legacy(name).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captures<'l>(pattern: &str, line: &'l str) -> Vec<(String, &'l str)> {
        let mut found = Vec::new();
        Pattern::new(pattern).unwrap().matches(line, |name, range| {
            found.push((name.to_owned(), &line[range]))
        });
        found
    }

    fn pairs(of: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
        of.iter().map(|(n, v)| ((*n).to_owned(), *v)).collect()
    }

    #[test]
    fn captures_end_where_the_text_behind_them_begins() {
        assert_eq!(
            captures(
                "<ip> - <_> [<ts>] \"<verb> <path>\"",
                "::1 - bob [now] \"GET /a b\" x"
            ),
            pairs(&[
                ("ip", "::1"),
                ("ts", "now"),
                ("verb", "GET"),
                ("path", "/a b")
            ])
        );
        assert_eq!(captures("level=<level> ", "nope level=info"), []);
        assert_eq!(captures("<a> b", "only"), pairs(&[("a", "only")]));
    }

    #[test]
    fn patterns_that_cannot_match_anything_are_refused() {
        assert_eq!(Pattern::new("abc").unwrap_err(), PatternError::NoCapture);
        assert_eq!(Pattern::new("<_> a").unwrap_err(), PatternError::NoCapture);
        let error = Pattern::new("<a><b>").unwrap_err();
        assert_eq!(error, PatternError::Consecutive("a".into(), "b".into()));
        let error = Pattern::new("<a> <a>").unwrap_err();
        assert_eq!(error, PatternError::Duplicate("a".into()));
    }
}
