//! Regular expressions as the Collector reads them: Go's syntax (RE2) on the `regex` crate.
//!
//! Both are automata without back-references and take time linear in the text, but they read
//! some patterns differently. [`compile`] rewrites those:
//!
//! * `\d`, `\w`, `\s` and `\b` mean ASCII in Go.
//! * `\Q…\E` quotes; `\<` and `\>` are plain characters.
//! * `{` that does not begin a repetition is a plain character, as in `{id}`.
//! * Inside `[…]`, `[`, `&&`, `--` and `~~` have no meaning of their own.
//!
//! What differs still: in text that is not UTF-8 a stray byte matches `.` in Go and nothing here.
//! Where Go refuses a pattern, for example `a**`, this may accept it.

#[cfg(test)]
mod tests;
mod translate;

pub use regex::bytes::{CaptureLocations, Captures, Regex};
pub use translate::translate;

use regex::bytes::RegexBuilder;
use thiserror::Error;

/// Why a pattern is not a regular expression, in a few words.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Error(String);

impl Error {
    fn new(error: &regex::Error) -> Self {
        // A picture of the pattern, which is not quite the one that was written, and last the
        // reason.
        let text = error.to_string();
        let reason = text.lines().next_back().unwrap_or(&text);
        Self(reason.strip_prefix("error: ").unwrap_or(reason).to_owned())
    }
}

/// Compiles a pattern written for Go. It matches anywhere in the text unless it is anchored.
///
/// # Errors
/// [`Error`] with the reason.
pub fn compile(pattern: &str) -> Result<Regex, Error> {
    RegexBuilder::new(&translate(pattern))
        .octal(true)
        .build()
        .map_err(|error| Error::new(&error))
}
