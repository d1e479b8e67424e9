//! What the user writes.

use headwater_core::config::{Config as ConfigTrait, Validation};
use headwater_transport::config::HttpServerConfig;

/// The extension's configuration: an HTTP server and what it answers.
#[derive(Debug, Clone, ConfigTrait)]
#[config(validate = Self::check)]
pub struct Config {
    /// The server.
    #[config(squash)]
    pub server: HttpServerConfig,
    /// The path that answers; `/` answers on every path.
    pub path: String,
    /// What to answer instead of JSON.
    pub response_body: Option<ResponseBodyConfig>,
    /// Whether failing exporters count as unhealthy.
    #[config(ignored = "upstream removed the check; look at otelcol_exporter_send_failed_…")]
    pub check_collector_pipeline: CheckCollectorPipelineConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            server: HttpServerConfig::new("localhost:13133"),
            path: "/".to_owned(),
            response_body: None,
            check_collector_pipeline: CheckCollectorPipelineConfig::default(),
        }
    }
}

impl Config {
    fn check(&self, validation: &mut Validation<'_>) {
        if self.server.address.endpoint.is_empty() {
            validation.error("endpoint", "bad config: endpoint must be specified");
        }
        if !self.path.starts_with('/') {
            validation.error("path", "bad config: path must start with /");
        }
    }
}

/// Texts to answer with.
#[derive(Debug, Clone, Default, ConfigTrait)]
pub struct ResponseBodyConfig {
    /// When the collector is ready.
    pub healthy: String,
    /// When it is not.
    pub unhealthy: String,
}

/// A check that upstream had.
#[derive(Debug, Clone, ConfigTrait)]
pub struct CheckCollectorPipelineConfig {
    /// Whether it is on.
    pub enabled: bool,
    /// How far back it looks.
    pub interval: String,
    /// How many failures are one too many.
    pub exporter_failure_threshold: i64,
}

impl Default for CheckCollectorPipelineConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            interval: "5m".to_owned(),
            exporter_failure_threshold: 5,
        }
    }
}
