//! LogQL, as far as the `match` stage takes it: a stream selector and line filters.

use std::fmt;

use headwater_regexp::Regex;
use memchr::memmem::Finder;
use thiserror::Error;

use crate::entry::Entry;

/// Why a text is no selector, and at which byte.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message} at byte {at}")]
pub(crate) struct SelectorError {
    at: usize,
    message: String,
}

enum Test {
    Equal(String),
    Regex(Regex),
}

struct Matcher {
    name: String,
    test: Test,
    negated: bool,
}

enum Search {
    Contains(Box<Finder<'static>>),
    Regex(Regex),
}

struct LineFilter {
    search: Search,
    negated: bool,
}

/// A compiled selector.
pub(crate) struct Selector {
    text: String,
    matchers: Vec<Matcher>,
    filters: Vec<LineFilter>,
}

impl fmt::Debug for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Selector({})", self.text)
    }
}

impl Selector {
    /// Compiles a selector such as `{app="web", env=~"prod|test"} |= "error" !~ "debug.*"`.
    pub(crate) fn compile(text: &str) -> Result<Self, SelectorError> {
        let mut parser = Parser { text, at: 0 };
        let matchers = parser.matchers()?;
        let filters = parser.filters()?;
        Ok(Self {
            text: text.to_owned(),
            matchers,
            filters,
        })
    }

    /// Whether an entry is selected. A label that is not there is an empty one.
    pub(crate) fn matches(&self, entry: &Entry<'_>) -> bool {
        self.matchers.iter().all(|matcher| {
            let value = entry.label(&matcher.name).map_or("", |value| value);
            let found = match &matcher.test {
                Test::Equal(text) => text == value,
                Test::Regex(regex) => regex.is_match(value.as_bytes()),
            };
            found != matcher.negated
        }) && self.filters.iter().all(|filter| {
            let line = entry.line.as_bytes();
            let found = match &filter.search {
                Search::Contains(finder) => finder.find(line).is_some(),
                Search::Regex(regex) => regex.is_match(line),
            };
            found != filter.negated
        })
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Parser<'t> {
    fn error<T>(&self, message: impl Into<String>) -> Result<T, SelectorError> {
        Err(SelectorError {
            at: self.at,
            message: message.into(),
        })
    }

    fn rest(&mut self) -> &'t str {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        trimmed
    }

    fn take(&mut self, literal: &str) -> bool {
        let taken = self.rest().starts_with(literal);
        self.at += if taken { literal.len() } else { 0 };
        taken
    }

    fn matchers(&mut self) -> Result<Vec<Matcher>, SelectorError> {
        if !self.take("{") {
            return self.error("expected a selector such as `{app=\"web\"}`");
        }
        let mut matchers = Vec::new();
        loop {
            matchers.push(self.matcher()?);
            if self.take("}") {
                return Ok(matchers);
            }
            if !self.take(",") {
                return self.error("expected `,` or `}`");
            }
        }
    }

    fn matcher(&mut self) -> Result<Matcher, SelectorError> {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        let name = rest[..end].to_owned();
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return self.error("expected the name of a label");
        }
        self.at += end;
        let (regex, negated) = if self.take("=~") {
            (true, false)
        } else if self.take("!~") {
            (true, true)
        } else if self.take("!=") {
            (false, true)
        } else if self.take("=") {
            (false, false)
        } else {
            return self.error("expected one of `=`, `!=`, `=~`, `!~`");
        };
        let value = self.string()?;
        let test = match regex {
            false => Test::Equal(value),
            true => Test::Regex(self.regex(&format!("^(?s:{value})$"))?),
        };
        Ok(Matcher {
            name,
            test,
            negated,
        })
    }

    fn filters(&mut self) -> Result<Vec<LineFilter>, SelectorError> {
        let mut filters = Vec::new();
        while !self.rest().is_empty() {
            let (regex, negated) = if self.take("|=") {
                (false, false)
            } else if self.take("|~") {
                (true, false)
            } else if self.take("!=") {
                (false, true)
            } else if self.take("!~") {
                (true, true)
            } else if self.rest().starts_with('|') {
                return self.error(
                    "only line filters (`|=`, `!=`, `|~`, `!~`) are allowed; parse with stages",
                );
            } else {
                return self.error("expected one of `|=`, `!=`, `|~`, `!~`");
            };
            let value = self.string()?;
            let search = match regex {
                false => Search::Contains(Box::new(Finder::new(value.as_bytes()).into_owned())),
                true => Search::Regex(self.regex(&value)?),
            };
            filters.push(LineFilter { search, negated });
        }
        Ok(filters)
    }

    fn regex(&self, pattern: &str) -> Result<Regex, SelectorError> {
        match headwater_regexp::compile(pattern) {
            Ok(regex) => Ok(regex),
            Err(error) => self.error(error.to_string()),
        }
    }

    fn string(&mut self) -> Result<String, SelectorError> {
        let rest = self.rest();
        let quote = match rest.as_bytes().first() {
            Some(quote @ (b'"' | b'`')) => *quote,
            _ => return self.error("expected text in double quotes"),
        };
        let bytes = rest.as_bytes();
        let mut end = 1;
        while bytes.get(end).is_some_and(|byte| *byte != quote) {
            let escapes = quote == b'"' && bytes[end] == b'\\';
            end += if escapes { 2 } else { 1 };
        }
        if end >= bytes.len() {
            return self.error("literal not terminated");
        }
        let inner = &rest[1..end];
        let text = match quote {
            b'`' => Some(inner.to_owned()),
            _ => crate::unquote::unquote(inner),
        };
        let Some(text) = text else {
            return self.error("invalid escape in text; a backslash is written `\\\\`");
        };
        self.at += end + 1;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selects(selector: &str, line: &str) -> bool {
        let mut entry = Entry::default();
        entry.reset(0, line.into(), [][..].into());
        entry.set_label("app", "web");
        entry.set_label("env", "prod-1");
        Selector::compile(selector)
            .unwrap_or_else(|error| panic!("{selector}: {error}"))
            .matches(&entry)
    }

    #[test]
    fn labels_and_lines_are_tested() {
        for (selector, line, expected) in [
            (r#"{app="web"}"#, "", true),
            (r#"{app="web",env=~"prod|test"}"#, "", false),
            (r#"{ app = "web" , env =~ "prod-.+" }"#, "", true),
            (r#"{app!="web"}"#, "", false),
            (r#"{app!~"w.*"}"#, "", false),
            (r#"{missing=""}"#, "", true),
            (r#"{missing=~".+"}"#, "", false),
            (r#"{app="web"} |= "err" != "debug""#, "an error", true),
            (r#"{app="web"} |= "err" != "debug""#, "a debug error", false),
            (r#"{app="web"} |~ "e[rx]+or" !~ "de.ug""#, "an error", true),
            (r#"{app="web"} |= "say \"hi\"""#, "say \"hi\"", true),
            ("{app=\"web\"} |~ `\\d+`", "a 1", true),
        ] {
            assert_eq!(selects(selector, line), expected, "{selector} {line}");
        }
    }

    #[test]
    fn mistakes_are_found_with_their_place() {
        for (selector, message) in [
            ("", "expected a selector such as `{app=\"web\"}` at byte 0"),
            ("{}", "expected the name of a label at byte 1"),
            ("{app}", "expected one of `=`, `!=`, `=~`, `!~` at byte 4"),
            ("{app=web}", "expected text in double quotes at byte 5"),
            (r#"{app="web""#, "expected `,` or `}` at byte 10"),
            (r#"{app="web"} | json"#, "only line filters"),
            (r#"{app="web"} x"#, "expected one of `|=`"),
            (r#"{app="web"} |= "x"#, "literal not terminated at byte 15"),
            (r#"{app=~"("}"#, "unclosed group"),
        ] {
            let error = Selector::compile(selector).unwrap_err().to_string();
            assert!(error.starts_with(message), "{selector}: {error}");
        }
    }
}
