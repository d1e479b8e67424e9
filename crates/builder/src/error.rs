//! How a command can fail, and the exit code of each way.

use std::error::Error;
use std::process::ExitCode;

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub enum Failure {
    /// The command line makes no sense. Exit code 64.
    Usage(String),
    /// A manifest or a configuration is wrong; the diagnostics have been shown. Exit code 78.
    Configuration,
    /// Something went wrong on the way. Exit code 1.
    Runtime(Box<dyn Error + Send + Sync>),
}

impl Failure {
    /// The exit code: 64 wrong usage, 78 wrong configuration, 1 anything else.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Usage(_) => 64,
            Self::Configuration => 78,
            Self::Runtime(_) => 1,
        })
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Runtime(Box::new(error))
    }
}

/// An error with its causes, joined by `: `.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
