//! What the user writes.

use std::time::Duration;

use headwater_core::Signal;
use headwater_core::config::{Config, Optional, Validation};
use headwater_transport::config::{GrpcServerConfig, HttpServerConfig};

/// Configuration of the `otlp` receiver. Source: Go `otlpreceiver.Config`.
#[derive(Debug, Clone, Default, Config)]
#[config(validate = Self::check)]
pub struct OtlpConfig {
    /// The protocols to serve; at least one.
    pub protocols: Protocols,
}

/// The protocols; each is off until it is named.
#[derive(Debug, Clone, Config)]
pub struct Protocols {
    /// OTLP/gRPC. Default endpoint: localhost:4317.
    pub grpc: Optional<GrpcServerConfig>,
    /// OTLP/HTTP. Default endpoint: localhost:4318.
    pub http: Optional<HttpConfig>,
}

/// OTLP/HTTP: the HTTP server's keys and the paths.
#[derive(Debug, Clone, Config)]
pub struct HttpConfig {
    /// The keys of every HTTP server.
    #[config(squash)]
    pub server: HttpServerConfig,
    /// The path for traces. A missing leading `/` is added.
    pub traces_url_path: String,
    /// The path for metrics. A missing leading `/` is added.
    pub metrics_url_path: String,
    /// The path for logs. A missing leading `/` is added.
    pub logs_url_path: String,
}

impl Default for Protocols {
    fn default() -> Self {
        let grpc = GrpcServerConfig {
            read_buffer_size: 512 * 1024,
            ..GrpcServerConfig::new("localhost:4317")
        };
        Self {
            grpc: Optional::Default(grpc),
            http: Optional::Default(HttpConfig::default()),
        }
    }
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            // As upstream: the receiver switches the general server timeouts off.
            server: HttpServerConfig {
                read_header_timeout: Duration::ZERO,
                write_timeout: Duration::ZERO,
                idle_timeout: Duration::ZERO,
                ..HttpServerConfig::new("localhost:4318")
            },
            traces_url_path: "/v1/traces".to_owned(),
            metrics_url_path: "/v1/metrics".to_owned(),
            logs_url_path: "/v1/logs".to_owned(),
        }
    }
}

impl OtlpConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        if !self.protocols.grpc.is_some() && !self.protocols.http.is_some() {
            validation
                .error(
                    "protocols",
                    "must specify at least one protocol when using the OTLP receiver",
                )
                .help("write `grpc:` or `http:` (or both) below `protocols:`");
        }
    }
}

impl HttpConfig {
    /// The path that serves `signal`, with its leading `/`.
    #[must_use]
    pub fn path(&self, signal: Signal) -> String {
        let path = match signal {
            Signal::Traces => &self.traces_url_path,
            Signal::Metrics => &self.metrics_url_path,
            Signal::Logs => &self.logs_url_path,
        };
        if path.starts_with('/') {
            path.clone()
        } else {
            format!("/{path}")
        }
    }
}
