//! What can be wrong with a text, and with a value.

use std::ops::Range;

use thiserror::Error;

/// What is wrong with a statement or condition, and where in its text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct OttlError {
    /// One lower-case phrase.
    pub message: String,
    /// The bytes of the text that it is about; empty at a place where something is missing.
    pub range: Range<usize>,
    /// What to say next to the caret.
    pub label: Option<String>,
    /// What to write instead.
    pub help: Option<String>,
}

impl OttlError {
    pub(crate) fn new(range: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            range,
            label: None,
            help: None,
        }
    }

    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The label "did you mean …" if there is a name that is meant.
    pub(crate) fn suggest(self, nearest: Option<&str>) -> Self {
        match nearest {
            Some(name) => self.label(format!("did you mean `{name}`?")),
            None => self,
        }
    }
}

/// Why a condition has no answer for a piece of telemetry.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct EvalError(String);

impl EvalError {
    #[cold]
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// Upstream's words for an argument of the wrong type.
    #[cold]
    pub(crate) fn expected(wanted: &str, found: &str) -> Self {
        Self(format!("expected {wanted} but got {found}"))
    }
}
