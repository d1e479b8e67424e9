//! Go's `text/template`, as far as the stages `template` and `replace` need it.
//!
//! A template is parsed once. Data are the extracted map: names with texts. Everything of the
//! language works (pipelines, variables, `if`, `with`, `range`, `define`) and the functions of
//! `functions.rs`; what a template makes is bounded.

mod execute;
mod format;
mod functions;
mod parse;
mod value;

use std::borrow::Cow;

use thiserror::Error;

use parse::Node;
pub(crate) use parse::ParseError;

/// How much text one execution may make, in bytes.
pub(crate) const MAX_OUTPUT: usize = 1 << 20;

/// Why a template could not be executed: the reason in upstream's words as far as there are some.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub(crate) struct ExecuteError(String);

impl ExecuteError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// What a template is executed with.
pub(crate) trait Data {
    /// The text of a name.
    fn get(&self, name: &str) -> Option<Cow<'_, str>>;

    /// Every name with its text.
    fn all(&self) -> Vec<(String, String)>;
}

/// A parsed template.
#[derive(Debug)]
pub(crate) struct Template {
    body: Vec<Node>,
    named: Vec<(String, Vec<Node>)>,
    patterns: functions::Patterns,
}

impl Template {
    /// Parses a template.
    pub(crate) fn parse(text: &str) -> Result<Self, ParseError> {
        let (body, named) = parse::parse(text)?;
        Ok(Self {
            body,
            named,
            patterns: functions::Patterns::default(),
        })
    }

    /// Executes the template.
    pub(crate) fn execute(&self, data: &dyn Data) -> Result<String, ExecuteError> {
        execute::execute(self, data)
    }
}

#[cfg(test)]
mod tests;
