//! What authentication extensions offer to servers and clients.
//!
//! Source: Go `extensionauth.Server` and the client interfaces beside it.

use std::borrow::Cow;
use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderMap, Method, Uri};
use thiserror::Error;

use crate::Identity;

/// A request did not authenticate, or credentials could not be had.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct AuthError {
    /// What is wrong, without any secret: it reaches the client.
    pub message: String,
    challenge: Option<Cow<'static, str>>,
    retry_after: Option<Duration>,
}

impl AuthError {
    /// An error with `message`.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            challenge: None,
            retry_after: None,
        }
    }

    /// The credentials were not looked at: the client should offer them again after `retry_after`.
    pub fn busy(message: impl Into<String>, retry_after: Duration) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(message)
        }
    }

    /// Says which credentials are asked for: the value of `WWW-Authenticate`, such as
    /// `Basic realm="headwater"`.
    #[must_use]
    pub fn with_challenge(mut self, challenge: impl Into<Cow<'static, str>>) -> Self {
        self.challenge = Some(challenge.into());
        self
    }

    /// The value of `WWW-Authenticate`, if there is one.
    #[must_use]
    pub fn challenge(&self) -> Option<&str> {
        self.challenge.as_deref()
    }

    /// When to try again, if the credentials were not looked at.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

/// Checks a request before its body is read.
#[async_trait]
pub trait ServerAuthenticator: Send + Sync {
    /// Establishes who sent a request with these headers.
    ///
    /// # Errors
    /// [`AuthError`]: the server answers 401 or UNAUTHENTICATED with its message; 429 or
    /// RESOURCE_EXHAUSTED if it is [`AuthError::busy`].
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
