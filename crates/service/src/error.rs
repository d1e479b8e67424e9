//! Why a collector cannot be built, started or reloaded.

use std::error::Error;
use std::fmt;
use std::io;

use headwater_config::{render_human, render_json};
use headwater_core::ComponentError;
use headwater_core::config::Diagnostics;
use thiserror::Error as ThisError;

use crate::logs::{OutputError, chain};

/// What is wrong with a configuration, with the places. `Display` shows all of it, with the
/// lines that it is about.
#[derive(Debug, Clone)]
pub struct ConfigError {
    diagnostics: Diagnostics,
}

impl ConfigError {
    pub(crate) const fn new(diagnostics: Diagnostics) -> Self {
        Self { diagnostics }
    }

    /// Everything that was found, warnings included.
    #[must_use]
    pub const fn diagnostics(&self) -> &Diagnostics {
        &self.diagnostics
    }

    /// For a terminal, in colour if asked for.
    #[must_use]
    pub fn human(&self, color: bool) -> String {
        let errors = plural(self.diagnostics.errors().count(), "error");
        let warnings = match self.diagnostics.warnings().count() {
            0 => String::new(),
            count => format!(", {}", plural(count, "warning")),
        };
        let shown = render_human(&self.diagnostics, color);
        format!("{shown}\nError: invalid configuration: {errors}{warnings}\n")
    }

    /// For a program.
    #[must_use]
    pub fn json(&self) -> String {
        render_json(&self.diagnostics)
    }
}

fn plural(count: usize, noun: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{s}")
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.human(false).trim_end())
    }
}

impl Error for ConfigError {}

/// Why a collector cannot start. Causes are in `source()`.
#[derive(Debug, ThisError)]
pub enum StartError {
    /// A component or the graph.
    #[error(transparent)]
    Component(#[from] ComponentError),
    /// A log file.
    #[error(transparent)]
    Log(#[from] OutputError),
    /// An endpoint of own metrics.
    #[error("cannot listen on {address} for the collector's own metrics")]
    Metrics {
        /// `host:port` as configured.
        address: String,
        /// Why.
        source: io::Error,
    },
}

/// Why a reload did not happen. What ran before still runs, except after
/// [`ReloadError::Stopped`].
#[derive(Debug, ThisError)]
pub enum ReloadError {
    /// The new configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// What the new configuration asks for cannot be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Neither the new configuration nor the one before can be started any more: nothing runs.
    #[error("the new configuration cannot be started, nor the one before it")]
    Stopped(#[source] StartError),
    /// Reading the configuration was broken off.
    #[error("reading the configuration was broken off")]
    Interrupted,
}

/// Whether `error` says that something exclusive, such as a port, is taken: then it may be the
/// collector's own earlier pipelines that have it.
pub(crate) fn is_taken(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<io::Error>()
            && matches!(
                io.kind(),
                io::ErrorKind::AddrInUse | io::ErrorKind::ResourceBusy | io::ErrorKind::WouldBlock
            )
        {
            return true;
        }
        cause = error.source();
    }
    chain(error).contains("in use")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_seen_through_any_wrapping() {
        let taken = || io::Error::from(io::ErrorKind::AddrInUse);
        let error = ComponentError::with_source(
            "cannot start pipelines",
            ComponentError::with_source("failed to start \"otlp\" receiver", taken()),
        );
        assert!(is_taken(&error));
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        assert!(!is_taken(&ComponentError::with_source("x", denied)));
        assert!(is_taken(&ComponentError::new(taken().to_string())));
    }
}
