//! Prometheus's HTTP client: what scrapes and discoveries ask with.
//!
//! [`HttpClient`] makes `GET` requests as the HTTP keys of a job say: signed with a password, a header
//! or a token, through proxies, with TLS. Files with secrets are read for every request and those with
//! certificates when they have changed, so that they can be replaced while the process runs.
//! Connections are kept per worker and target. Source: `prometheus/common`, `config`.

mod answer;
mod client;
mod credentials;
mod error;
mod headers;
mod oauth2;
mod request;
mod tls;

pub use answer::Answer;
pub use client::HttpClient;
pub use error::{ClientError, FetchError};
pub use headwater_transport::http::Url;
pub use request::Request;

/// The longest body that is read where no limit is configured: 256 MiB. Without any, a target whose
/// body does not end would take all memory.
pub const LONGEST_BODY: u64 = 256 << 20;

/// Parses an `http` or `https` URL.
///
/// # Errors
/// What is wrong with it; a password in it is not shown.
pub fn parse_url(text: &str) -> Result<Url, ClientError> {
    headwater_transport::http::parse_url("url", text).map_err(ClientError::from)
}
