//! The operators: each changes, drops, routes or holds entries.

pub(crate) mod container;
pub(crate) mod delimited;
pub(crate) mod edits;
pub(crate) mod parser;
pub(crate) mod parsers;
pub(crate) mod quoted;
pub(crate) mod recombine;
pub(crate) mod syslog;
pub(crate) mod uri;

use std::borrow::Cow;
use std::fmt;

use crate::Entry;
use crate::program::Scratch;

/// Why an operator could not do its work on an entry: a phrase, made only when it happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(Cow<'static, str>);

impl Failure {
    /// A failure with a constant phrase.
    #[must_use]
    pub const fn new(message: &'static str) -> Self {
        Self(Cow::Borrowed(message))
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self(Cow::Owned(message))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An operator that changes one entry at a time and holds nothing.
pub(crate) trait Transform: fmt::Debug + Send + Sync {
    /// Changes the entry. After a failure what the entry holds goes on as `on_error` says, so a
    /// step that fails must not have changed it by half.
    fn apply<'a>(&'a self, entry: &mut Entry<'a>, scratch: &mut Scratch) -> Result<(), Failure>;
}
