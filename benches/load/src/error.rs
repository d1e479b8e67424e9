//! Why a measurement could not be made.

use std::io;

/// Why a measurement could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// The command line asks for something that does not exist.
    #[error("{0}")]
    Usage(String),
    /// A file, a socket or a process.
    #[error("{what}: {error}")]
    Io {
        /// What was being done, and to which thing.
        what: String,
        /// What the system said.
        error: io::Error,
    },
    /// A connection broke or a peer did not speak the protocol.
    #[error("{what}: {error}{}", cause(.error))]
    Http {
        /// What was being done, and to which address.
        what: String,
        /// What hyper said.
        error: hyper::Error,
    },
    /// A collector did not start, died, or did not answer in time.
    #[error("{collector}: {what}{log}")]
    Collector {
        /// The name given on the command line.
        collector: String,
        /// What happened.
        what: String,
        /// The last lines it wrote, each on a line of its own; may be empty.
        log: String,
    },
}

impl LoadError {
    /// For `map_err`: names what was being done when the system refused.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io {
            what: what.into(),
            error,
        }
    }

    /// For `map_err`: names what was being done when the connection broke.
    pub(crate) fn http(what: impl Into<String>) -> impl FnOnce(hyper::Error) -> Self {
        move |error| Self::Http {
            what: what.into(),
            error,
        }
    }
}

/// What hyper's own text leaves out.
fn cause(error: &hyper::Error) -> String {
    std::error::Error::source(error).map_or_else(String::new, |cause| format!(": {cause}"))
}
