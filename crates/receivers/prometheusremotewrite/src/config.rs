//! What the user writes.

use headwater_core::config::{Config, Validation};
use headwater_transport::config::HttpServerConfig;

/// Configuration of the `prometheusremotewrite` receiver. Source: Go
/// `prometheusremotewritereceiver.Config`.
#[derive(Debug, Clone, Config)]
#[config(validate = Self::check)]
pub struct PrometheusRemoteWriteConfig {
    /// The keys of every HTTP server. Default endpoint: localhost:9090.
    #[config(squash)]
    pub server: HttpServerConfig,
    /// The path that requests are posted to. Headwater's own key.
    pub path: String,
    /// How many targets are remembered with what their `target_info` says, and how many metrics of
    /// 1.0 with their metadata. Headwater's own key.
    pub cache_size: u32,
}

impl Default for PrometheusRemoteWriteConfig {
    fn default() -> Self {
        Self {
            server: HttpServerConfig::new("localhost:9090"),
            path: "/api/v1/write".to_owned(),
            cache_size: 10_000,
        }
    }
}

impl PrometheusRemoteWriteConfig {
    fn check(&self, v: &mut Validation<'_>) {
        if !self.path.starts_with('/') {
            v.error("path", "must begin with `/`");
        }
        if self.cache_size == 0 {
            v.error("cache_size", "must be positive");
        }
    }
}
