//! What is asked for.

use std::time::Duration;

use headwater_transport::http::Url;
use http::HeaderMap;

/// A `GET` request.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// What is asked for.
    pub url: &'a Url,
    /// Headers besides those of the configuration.
    pub headers: &'a HeaderMap,
    /// Whether the body may be compressed with gzip.
    pub compression: bool,
    /// The first length of a body, in bytes and not compressed, that is too much; 0 for
    /// [`LONGEST_BODY`](crate::LONGEST_BODY).
    pub body_limit: u64,
    /// How long everything may take.
    pub timeout: Duration,
}
