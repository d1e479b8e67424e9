//! What the user writes.

use std::time::Duration;

use headwater_core::config::{Config, Optional, Validation};
use headwater_core::{ComponentError, Signal};
use headwater_exporting::{RetryConfig, SendingQueueConfig};
use headwater_transport::config::{CompressionType, HttpClientConfig};
use headwater_transport::http::{Url, parse_url};

/// Configuration of the `otlp_http` exporter. Source: Go `otlphttpexporter.Config`.
#[derive(Debug, Clone, Config)]
#[config(
    validate = Self::check,
    removed(key = "batcher", help = "write `sending_queue::batch`, which has the same keys")
)]
pub struct OtlpHttpConfig {
    /// The keys of every HTTP client. Here `compression` is gzip and `timeout` 30s by default;
    /// `v1/traces`, `v1/metrics` or `v1/logs` is added to `endpoint`.
    #[config(squash)]
    pub client: HttpClientConfig,
    /// The queue before sending. On by default.
    pub sending_queue: Optional<SendingQueueConfig>,
    /// What happens to requests that fail. On by default.
    pub retry_on_failure: RetryConfig,
    /// The URL for traces, used as it is. Without it, `endpoint` with `/v1/traces`.
    pub traces_endpoint: String,
    /// The URL for metrics, used as it is. Without it, `endpoint` with `/v1/metrics`.
    pub metrics_endpoint: String,
    /// The URL for logs, used as it is. Without it, `endpoint` with `/v1/logs`.
    pub logs_endpoint: String,
    /// The URL for profiles.
    #[config(ignored = "there are no profiles here yet")]
    pub profiles_endpoint: String,
    /// How requests are written: `proto` or `json`.
    pub encoding: Encoding,
}

/// How requests are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Config)]
pub enum Encoding {
    /// Protobuf: the bytes as they came.
    #[default]
    Proto,
    /// OTLP's JSON.
    Json,
}

impl Encoding {
    /// The `Content-Type`.
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Proto => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }
}

impl Default for OtlpHttpConfig {
    fn default() -> Self {
        Self {
            client: HttpClientConfig {
                compression: CompressionType::Gzip,
                timeout: Duration::from_secs(30),
                write_buffer_size: 512 * 1024,
                ..HttpClientConfig::default()
            },
            sending_queue: Optional::Some(SendingQueueConfig::default()),
            retry_on_failure: RetryConfig::default(),
            traces_endpoint: String::new(),
            metrics_endpoint: String::new(),
            logs_endpoint: String::new(),
            profiles_endpoint: String::new(),
            encoding: Encoding::default(),
        }
    }
}

impl OtlpHttpConfig {
    fn check(&self, v: &mut Validation<'_>) {
        let mut given = !self.client.endpoint.is_empty() || !self.profiles_endpoint.is_empty();
        for signal in Signal::ALL {
            let (key, url) = self.signal_endpoint(signal);
            given |= !url.is_empty();
            if !url.is_empty()
                && let Err(error) = parse_url(key, url)
            {
                v.error(key, error.to_string());
            }
        }
        if !given {
            v.error("", "at least one endpoint must be specified")
                .help("write `endpoint: http://host:4318`");
        }
    }

    /// The key of the signal's own endpoint, and its value.
    fn signal_endpoint(&self, signal: Signal) -> (&'static str, &str) {
        match signal {
            Signal::Traces => ("traces_endpoint", &self.traces_endpoint),
            Signal::Metrics => ("metrics_endpoint", &self.metrics_endpoint),
            Signal::Logs => ("logs_endpoint", &self.logs_endpoint),
        }
    }

    /// Where requests of `signal` go.
    ///
    /// # Errors
    /// [`ComponentError`] if there is no endpoint for it, or one that is no URL.
    pub(crate) fn url(&self, signal: Signal) -> Result<Url, ComponentError> {
        let failed = |error| ComponentError::with_source("invalid endpoint", error);
        let (key, own) = self.signal_endpoint(signal);
        if !own.is_empty() {
            return parse_url(key, own).map_err(failed);
        }
        if self.client.endpoint.is_empty() {
            return Err(ComponentError::new(format!(
                "either endpoint or {key} must be specified"
            )));
        }
        parse_url("endpoint", &self.client.endpoint)
            .and_then(|url| url.join(&format!("v1/{signal}")))
            .map_err(failed)
    }
}
