//! How a target's metrics are had.

use std::time::Duration;

use async_trait::async_trait;
use headwater_core::bytes::Bytes;
use headwater_prometheus::exposition::Format;
use headwater_prometheus::scrape_config::ScrapeProtocol;
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

/// The format of a body with that `Content-Type`, or the one to fall back to.
///
/// # Errors
/// [`Failure::ContentType`] in Prometheus's words.
pub(crate) fn format_of(
    content_type: &str,
    fallback: Option<ScrapeProtocol>,
) -> Result<Format, Failure> {
    let media_type = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match media_type.as_str() {
        "text/plain" => return Ok(Format::Text),
        "application/openmetrics-text" => return Ok(Format::OpenMetrics),
        "application/vnd.google.protobuf" => return Ok(Format::Protobuf),
        _ => {}
    }
    match fallback {
        Some(protocol) => Ok(of_protocol(protocol)),
        None if content_type.is_empty() => Err(Failure::ContentType(
            "non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for target"
                .to_owned(),
        )),
        None if !media_type.contains('/') => Err(Failure::ContentType(format!(
            "cannot parse Content-Type {content_type:?} and no fallback_scrape_protocol for target"
        ))),
        None => Err(Failure::ContentType(format!(
            "received unsupported Content-Type {content_type:?} and no fallback_scrape_protocol specified for target"
        ))),
    }
}

const fn of_protocol(protocol: ScrapeProtocol) -> Format {
    match protocol {
        ScrapeProtocol::PrometheusProto => Format::Protobuf,
        ScrapeProtocol::PrometheusText0_0_4 | ScrapeProtocol::PrometheusText1_0_0 => Format::Text,
        ScrapeProtocol::OpenMetricsText0_0_1 | ScrapeProtocol::OpenMetricsText1_0_0 => {
            Format::OpenMetrics
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_type_or_the_fallback_decides() {
        let text = Some(ScrapeProtocol::PrometheusText0_0_4);
        for (content_type, fallback, format) in [
            (
                "text/plain; version=0.0.4; charset=utf-8",
                None,
                Some(Format::Text),
            ),
            (
                "Application/OpenMetrics-Text;version=1.0.0",
                None,
                Some(Format::OpenMetrics),
            ),
            (
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily",
                None,
                Some(Format::Protobuf),
            ),
            ("", None, None),
            ("text/html", None, None),
            ("text/html", text, Some(Format::Text)),
            ("", text, Some(Format::Text)),
        ] {
            assert_eq!(
                format_of(content_type, fallback).ok(),
                format,
                "{content_type}"
            );
        }
    }
}
