//! What was answered.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};

/// An answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, not compressed.
    pub body: Bytes,
    /// How long the body was on the wire, in bytes.
    pub received: usize,
}

impl Answer {
    /// The `Content-Type`; empty if there is none or it is no text.
    #[must_use]
    pub fn content_type(&self) -> &str {
        self.headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("")
    }

    /// The status in Go's words: `404 Not Found`.
    #[must_use]
    pub fn status_text(&self) -> String {
        self.status.to_string()
    }
}
