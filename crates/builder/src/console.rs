//! What the user sees: diagnostics and progress on standard error, results on standard output.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use headwater_config::{render_human, render_json};
use headwater_core::config::Diagnostics;

use crate::error::{Failure, chain};

/// How mistakes are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ErrorFormat {
    /// With the line in question, for people.
    #[default]
    Human,
    /// One JSON object on each line, for programs.
    Json,
}

/// Where a command reports to.
#[derive(Debug, Clone, Copy)]
pub struct Console {
    format: ErrorFormat,
    color: bool,
}

impl Console {
    /// A console in the given format; in colour if a person is watching and has not said no.
    #[must_use]
    pub fn new(format: ErrorFormat) -> Self {
        let color = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { format, color }
    }

    /// Shows what was found. An error ends the command.
    ///
    /// # Errors
    /// [`Failure::Configuration`] if there is an error among the diagnostics.
    pub fn show(self, diagnostics: &Diagnostics) -> Result<(), Failure> {
        let text = match self.format {
            ErrorFormat::Human => render_human(diagnostics, self.color),
            ErrorFormat::Json => render_json(diagnostics),
        };
        write(&mut io::stderr().lock(), text.trim_end());
        if diagnostics.has_errors() {
            Err(Failure::Configuration)
        } else {
            Ok(())
        }
    }

    /// Shows why a command failed, unless that has been shown.
    pub fn failure(self, failure: &Failure) {
        let message = match failure {
            Failure::Configuration => return,
            Failure::Usage(message) => message.clone(),
            Failure::Runtime(error) => chain(error.as_ref()),
        };
        let line = match self.format {
            ErrorFormat::Human => format!("error: {message}"),
            ErrorFormat::Json => {
                serde_json::json!({ "severity": "error", "message": message }).to_string()
            }
        };
        write(&mut io::stderr().lock(), &line);
    }

    /// Says what is being done. Kept from programs.
    pub fn progress(self, verb: &str, what: impl Display) {
        if self.format == ErrorFormat::Json {
            return;
        }
        let line = if self.color {
            format!("\x1b[1;32m{verb:>12}\x1b[0m {what}")
        } else {
            format!("{verb:>12} {what}")
        };
        write(&mut io::stderr().lock(), &line);
    }

    /// Prints a result.
    pub fn result(self, text: impl Display) {
        write(&mut io::stdout().lock(), &text.to_string());
    }
}

/// Writes a line; a reader that has gone away is no matter.
fn write(out: &mut dyn Write, text: &str) {
    if !text.is_empty() {
        writeln!(out, "{text}")
            .and_then(|()| out.flush())
            .unwrap_or_default();
    }
}
