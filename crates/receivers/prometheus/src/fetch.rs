//! How a target's metrics are had.

use std::time::Duration;

use async_trait::async_trait;
use headwater_core::bytes::Bytes;
use headwater_prometheus_http::{FetchError, HttpClient, Request, Url};
use http::{HeaderMap, StatusCode};

use crate::failure::Failure;

/// Asks one target.
#[async_trait]
pub(crate) trait Fetch: Send + Sync {
    /// What the target answers.
    ///
    /// # Errors
    /// [`Failure`].
    ///
    /// # Cancel safety
    /// Dropping the future ends the request.
    async fn fetch(&self) -> Result<Fetched, Failure>;
}

/// An answer that holds metrics.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fetched {
    /// The plain body.
    pub(crate) body: Bytes,
    /// The `Content-Type`; empty if there was none.
    pub(crate) content_type: String,
}

/// Asks a target over HTTP.
#[derive(Debug)]
pub(crate) struct HttpFetch {
    pub(crate) client: HttpClient,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) compression: bool,
    pub(crate) body_limit: u64,
    pub(crate) timeout: Duration,
}

#[async_trait]
impl Fetch for HttpFetch {
    async fn fetch(&self) -> Result<Fetched, Failure> {
        let request = Request {
            url: &self.url,
            headers: &self.headers,
            compression: self.compression,
            body_limit: self.body_limit,
            timeout: self.timeout,
        };
        let answer = self
            .client
            .get(request)
            .await
            .map_err(|error| match error {
                FetchError::BodyTooLong => Failure::BodySize,
                error => Failure::Fetch(error.to_string()),
            })?;
        if answer.status != StatusCode::OK {
            return Err(Failure::Fetch(format!(
                "server returned HTTP status {}",
                answer.status_text()
            )));
        }
        let content_type = answer.content_type().to_owned();
        Ok(Fetched {
            body: answer.body,
            content_type,
        })
    }
}
