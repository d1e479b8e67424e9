//! Why there is no client or no answer.

use std::io;
use std::time::Duration;

use headwater_credentials::oauth2::TokenError;
use headwater_transport::config::BuildError;
use thiserror::Error;

/// Why a client cannot be made from its configuration.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// A URL or TLS.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A header.
    #[error("header {0:?} is not a valid HTTP header")]
    Header(String),
}

/// Why there is no answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The time was up.
    #[error("Get \"{url}\": context deadline exceeded ({timeout:?})")]
    Timeout {
        /// What was asked for.
        url: String,
        /// The time.
        timeout: Duration,
    },
    /// No connection, or it broke; the message names the URL.
    #[error("{0}")]
    Transport(String),
    /// The body is too long.
    #[error("body size limit exceeded")]
    BodyTooLong,
    /// The body is not what its encoding says.
    #[error("Get \"{url}\": {reason}")]
    Encoding {
        /// What was asked for.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// A file with a secret cannot be read.
    #[error("unable to read {what} file {path}: {error}")]
    File {
        /// What is in it.
        what: &'static str,
        /// Its path.
        path: String,
        /// Why it cannot be read.
        error: io::Error,
    },
    /// A secret has characters that HTTP does not allow.
    #[error("the {what} cannot be sent in a header: it has characters that HTTP does not allow")]
    Header {
        /// What it is.
        what: &'static str,
    },
    /// TLS cannot be set up, for example because a certificate is missing.
    #[error("{0}")]
    Tls(String),
    /// There is no token to sign the request with.
    #[error("oauth2: cannot fetch token: {0}")]
    Token(String),
}

impl From<TokenError> for FetchError {
    fn from(error: TokenError) -> Self {
        Self::Token(error.0)
    }
}
