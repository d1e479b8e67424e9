//! What is wrong with a configuration, and where.

use super::{Code, Origin, Span};

/// How bad a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The configuration cannot be used.
    Error,
    /// It can be used, but somebody should change it.
    Warning,
    /// Worth a debug line, nothing more: for example a key that has no effect here.
    Note,
}

impl Severity {
    /// `error`, `warning` or `note`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// A place and what to say about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// The place.
    pub origin: Origin,
    /// What to say next to it; may be empty.
    pub text: String,
}

/// One thing that is wrong, or worth knowing.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The stable code.
    pub code: Code,
    /// One lower-case phrase without the path, which is printed after it.
    pub message: String,
    /// The place in the tree, keys joined by `::`; empty for the whole configuration.
    pub path: String,
    /// Where the caret goes.
    pub primary: Option<Label>,
    /// Other places that explain it, such as the first of two equal keys.
    pub secondary: Vec<Label>,
    /// What to write instead.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A diagnostic without a place.
    pub fn new(severity: Severity, code: Code, message: impl Into<String>) -> Self {
        Self {
            severity,
            code,
            message: message.into(),
            path: String::new(),
            primary: None,
            secondary: Vec::new(),
            help: None,
        }
    }

    /// Sets the path in the tree.
    pub fn path(&mut self, path: impl Into<String>) -> &mut Self {
        self.path = path.into();
        self
    }

    /// Sets where the caret goes.
    pub fn at(&mut self, origin: &Origin) -> &mut Self {
        let text = self
            .primary
            .take()
            .map(|label| label.text)
            .unwrap_or_default();
        self.primary = Some(Label {
            origin: origin.clone(),
            text,
        });
        self
    }

    /// Sets what stands next to the caret.
    pub fn label(&mut self, text: impl Into<String>) -> &mut Self {
        let origin = self
            .primary
            .take()
            .map(|label| label.origin)
            .unwrap_or_default();
        self.primary = Some(Label {
            origin,
            text: text.into(),
        });
        self
    }

    /// Adds another place.
    pub fn also(&mut self, origin: &Origin, text: impl Into<String>) -> &mut Self {
        self.secondary.push(Label {
            origin: origin.clone(),
            text: text.into(),
        });
        self
    }

    /// Sets what to write instead.
    pub fn help(&mut self, text: impl Into<String>) -> &mut Self {
        self.help = Some(text.into());
        self
    }

    /// The place to show, if there is one.
    #[must_use]
    pub fn span(&self) -> Option<&Span> {
        self.primary.as_ref()?.origin.span()
    }
}

/// Collects diagnostics: everything that is wrong is reported at once.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    items: Vec<Diagnostic>,
    secrets: Vec<Span>,
}

impl Diagnostics {
    /// Nothing wrong so far.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an error and returns it, so that its place and help can be set.
    pub fn error(&mut self, code: Code, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Diagnostic::new(Severity::Error, code, message))
    }

    /// Adds a warning and returns it.
    pub fn warning(&mut self, code: Code, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Diagnostic::new(Severity::Warning, code, message))
    }

    /// Adds a note and returns it.
    pub fn note(&mut self, code: Code, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Diagnostic::new(Severity::Note, code, message))
    }

    /// Adds a diagnostic and returns it.
    pub fn push(&mut self, diagnostic: Diagnostic) -> &mut Diagnostic {
        let index = self.items.len();
        self.items.push(diagnostic);
        &mut self.items[index]
    }

    /// Takes over everything that `other` holds.
    pub fn append(&mut self, mut other: Self) {
        self.items.append(&mut other.items);
        self.secrets.append(&mut other.secrets);
    }

    /// Marks a range of text that must not be shown.
    pub fn mark_secret(&mut self, span: &Span) {
        self.secrets.push(span.clone());
    }

    /// The ranges that must not be shown.
    #[must_use]
    pub fn secrets(&self) -> &[Span] {
        &self.secrets
    }

    /// Everything in the order in which it was found.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.items.iter()
    }

    /// The errors alone.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.items
            .iter()
            .filter(|item| item.severity == Severity::Error)
    }

    /// The warnings alone.
    pub fn warnings(&self) -> impl Iterator<Item = &Diagnostic> {
        self.items
            .iter()
            .filter(|item| item.severity == Severity::Warning)
    }

    /// Whether there is at least one error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.errors().next().is_some()
    }

    /// Whether there is an error at `path` or below it.
    #[must_use]
    pub fn has_errors_below(&self, path: &str) -> bool {
        self.errors().any(|item| {
            item.path
                .strip_prefix(path)
                .is_some_and(|rest| path.is_empty() || rest.is_empty() || rest.starts_with("::"))
        })
    }

    /// How many diagnostics there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
