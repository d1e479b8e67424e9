//! A secret that is written in the configuration or in a file.

use std::fmt;
use std::sync::Arc;

use crate::{FileError, Watched};

/// A text of the configuration or what a watched file holds, without white space around it.
pub enum Secret {
    /// Written in the configuration.
    Inline(Arc<String>),
    /// In a file.
    File(Watched<String>),
}

impl Secret {
    /// The file counts if one is named. `what` names the secret in errors and log lines.
    ///
    /// # Errors
    /// [`FileError`] if the file cannot be read or is empty.
    pub fn open(
        what: &'static str,
        inline: &str,
        file: &str,
        span: &tracing::Span,
    ) -> Result<Self, FileError> {
        if file.is_empty() {
            return Ok(Self::Inline(Arc::new(inline.to_owned())));
        }
        let parse = |text: &str| match text.trim() {
            "" => Err("the file is empty".to_owned()),
            text => Ok(text.to_owned()),
        };
        Watched::open(what, file, span, parse).map(Self::File)
    }

    /// The secret as it is now. What it returns must not be printed.
    #[must_use]
    pub fn get(&self) -> Arc<String> {
        match self {
            Self::Inline(text) => Arc::clone(text),
            Self::File(file) => file.get(),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inline(_) => f.write_str("Secret"),
            Self::File(file) => file.fmt(f),
        }
    }
}
