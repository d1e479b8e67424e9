//! What authentication extensions offer to servers and clients.
//!
//! Source: Go `extensionauth.Server` and the client interfaces beside it.

use async_trait::async_trait;
use http::{HeaderMap, Method, Uri};
use thiserror::Error;

use crate::Identity;

/// A request did not authenticate, or credentials could not be had.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct AuthError {
    /// What is wrong, without any secret: it reaches the client.
    pub message: String,
}

impl AuthError {
    /// An error with `message`.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }
}

/// Checks a request before its body is read.
#[async_trait]
pub trait ServerAuthenticator: Send + Sync {
    /// Establishes who sent a request with these headers.
    ///
    /// # Errors
    /// [`AuthError`]: the server answers 401 or UNAUTHENTICATED with its message.
    async fn authenticate(&self, headers: &HeaderMap) -> Result<Identity, AuthError>;
}

/// A request as a client is about to send it.
#[derive(Debug)]
pub struct ClientRequest<'a> {
    /// The method; POST for gRPC.
    pub method: &'a Method,
    /// The full target.
    pub uri: &'a Uri,
    /// The headers so far; authenticators add to them.
    pub headers: &'a mut HeaderMap,
    /// The body as it goes out, compressed where compression is on; for signatures.
    pub body: &'a [u8],
    /// What the telemetry came with; for headers that follow the client.
    pub context: &'a crate::Context,
}

/// Adds credentials to outgoing requests.
#[async_trait]
pub trait ClientAuthenticator: Send + Sync {
    /// Adds what the backend asks for to `request.headers`.
    ///
    /// # Errors
    /// [`AuthError`] when no credentials can be had; the send fails and is retried.
    async fn authorize(&self, request: &mut ClientRequest<'_>) -> Result<(), AuthError>;

    /// Whether [`ClientRequest::body`] must be filled; `false` spares a copy of the body.
    fn needs_body(&self) -> bool {
        false
    }
}
