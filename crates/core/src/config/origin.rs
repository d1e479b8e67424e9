//! Where a value of the configuration came from.

use std::fmt;
use std::sync::Arc;

/// What kind of text a [`Source`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// A file, given with `--config` or taken in by `${file:…}`.
    File,
    /// A document fetched over HTTP or HTTPS.
    Http,
    /// A whole configuration given as a `yaml:` URI or in an environment variable.
    Inline,
    /// One `--set` argument.
    Set,
}

/// One text that the configuration was read from. Shared by all values read from it.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// What kind of text this is.
    pub kind: SourceKind,
    /// What a user knows it by: a path, a URL, `yaml`, `env:NAME`, or `--set` with its key. Never
    /// holds a value: it is printed.
    pub name: String,
    /// The whole text, as read.
    pub text: String,
}

impl Source {
    /// Makes a source that values can share.
    pub fn new(kind: SourceKind, name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self {
            kind,
            name: name.into(),
            text: text.into(),
        })
    }

    /// Line and column of a byte offset, both counted from 1; the column counts characters.
    /// Offsets past the end mean the end.
    #[must_use]
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &self.text[..offset];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        (line, before[line_start..].chars().count() + 1)
    }
}

/// A range of bytes of a [`Source`].
#[derive(Clone, PartialEq, Eq)]
pub struct Span {
    /// The text.
    pub source: Arc<Source>,
    /// First byte.
    pub start: usize,
    /// One past the last byte; equal to `start` for a place between two characters.
    pub end: usize,
}

impl Span {
    /// The range `start..end` of `source`.
    #[must_use]
    pub fn new(source: &Arc<Source>, start: usize, end: usize) -> Self {
        Self {
            source: Arc::clone(source),
            start,
            end: end.max(start),
        }
    }

    /// Line and column of the first byte, both counted from 1.
    #[must_use]
    pub fn position(&self) -> (usize, usize) {
        self.source.position(self.start)
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}..{}]", self.source.name, self.start, self.end)
    }
}

/// `file:line:column`; a `--set` argument is shown as it was written, without position.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.source.kind {
            SourceKind::Set => write!(f, "{}", self.source.name),
            SourceKind::File | SourceKind::Http | SourceKind::Inline => {
                let (line, column) = self.position();
                write!(f, "{}:{line}:{column}", self.source.name)
            }
        }
    }
}

/// Where a value, or a key, came from. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Origin {
    /// Nobody wrote it: the component's default.
    #[default]
    Default,
    /// It stands in a text: a file, a fetched document, a `yaml:` URI or a `--set` argument.
    Text(Span),
    /// An environment variable gave it.
    Env {
        /// The variable's name.
        name: Arc<str>,
        /// The place of the `${…}` that named it; none when the variable is a whole
        /// configuration (`--config env:NAME`).
        reference: Option<Span>,
    },
}

impl Origin {
    /// The range `start..end` of `source`.
    #[must_use]
    pub fn text(source: &Arc<Source>, start: usize, end: usize) -> Self {
        Self::Text(Span::new(source, start, end))
    }

    /// The place to show to a user, if there is one: for a value of an environment variable the
    /// place of the reference.
    #[must_use]
    pub const fn span(&self) -> Option<&Span> {
        match self {
            Self::Default => None,
            Self::Text(span) => Some(span),
            Self::Env { reference, .. } => reference.as_ref(),
        }
    }

    /// Whether the value came from the environment, and so must not be quoted in a message.
    #[must_use]
    pub const fn is_env(&self) -> bool {
        matches!(self, Self::Env { .. })
    }
}

/// What `print-config --origin` prints: `default`, `otelcol.yaml:7:9`, `env:NAME (file:7:9)`,
/// `--set a.b`.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Text(span) => write!(f, "{span}"),
            Self::Env {
                name,
                reference: None,
            } => write!(f, "env:{name}"),
            Self::Env {
                name,
                reference: Some(span),
            } => write!(f, "env:{name} ({span})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let source = Source::new(SourceKind::File, "a.yaml", "a: ü\nbc: 1\n");
        assert_eq!(source.position(0), (1, 1));
        assert_eq!(source.position(5), (1, 5), "two-byte letters count once");
        assert_eq!(
            source.position(4),
            (1, 4),
            "the middle of a letter is the letter"
        );
        assert_eq!(source.position(6), (2, 1));
        assert_eq!(source.position(10_000), (3, 1));
    }

    #[test]
    fn origins_print_as_a_user_knows_them() {
        let file = Source::new(SourceKind::File, "a.yaml", "a: 1\nb: ${env:X}\n");
        let set = Source::new(SourceKind::Set, "--set a", "a: 2");
        let reference = Span::new(&file, 8, 16);
        assert_eq!(Origin::Default.to_string(), "default");
        assert_eq!(Origin::text(&file, 3, 4).to_string(), "a.yaml:1:4");
        assert_eq!(Origin::text(&set, 3, 4).to_string(), "--set a");
        let env = Origin::Env {
            name: "X".into(),
            reference: Some(reference),
        };
        assert_eq!(env.to_string(), "env:X (a.yaml:2:4)");
        assert!(env.is_env());
    }
}
