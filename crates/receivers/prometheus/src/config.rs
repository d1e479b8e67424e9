//! What the user writes.

use std::time::Duration;

use headwater_core::config::{Config, Validation};
use headwater_prometheus::scrape_config::PrometheusConfig;
use headwater_transport::config::HttpServerConfig;

use crate::allocator::TargetAllocatorConfig;

/// The receiver's configuration.
#[derive(Debug, Clone, Config)]
#[config(validate = Self::check)]
#[config(removed(
    key = "use_start_time_metric",
    help = "use a `metric_start_time` processor with `strategy: start_time_metric`"
))]
#[config(removed(
    key = "start_time_metric_regex",
    help = "use a `metric_start_time` processor with `start_time_metric_regex`"
))]
#[config(removed(
    key = "report_extra_scrape_metrics",
    help = "write `config::global::extra_scrape_metrics: true`"
))]
#[config(removed(key = "enable_protobuf_negotiation", help = "write `scrape_protocols`"))]
#[config(removed(key = "buffer_period", help = "it has no effect"))]
#[config(removed(key = "buffer_count", help = "it no longer has an effect"))]
pub struct PrometheusReceiverConfig {
    /// A Prometheus configuration: `global`, `scrape_configs`, `scrape_config_files`. Every `$` of it
    /// is written `$$`.
    pub config: PrometheusConfig,
    /// Whether metrics lose the suffixes of type and unit: `_total`, `_seconds`.
    pub trim_metric_suffixes: bool,
    /// Where more jobs and their targets come from: the OpenTelemetry Operator's target allocator.
    pub target_allocator: Option<TargetAllocatorConfig>,
    /// A server of the part of Prometheus's API that tells about targets.
    pub api_server: ApiServerConfig,
    /// Whether every target is scraped once more when the collector stops.
    pub scrape_on_shutdown: bool,
    /// Whether targets that a discovery has found at the start are scraped without delay.
    #[config(ignored = "the first targets of a job are always taken over at once")]
    pub discovery_reload_on_startup: bool,
    /// How long to wait before targets are scraped for the first time, besides what spreads them over
    /// the interval.
    pub initial_scrape_offset: Duration,
}

/// `api_server`.
#[derive(Debug, Clone, Config)]
pub struct ApiServerConfig {
    /// Whether it is served.
    pub enabled: bool,
    /// The server.
    pub server_config: HttpServerConfig,
    /// How many connections there may be.
    #[config(ignored = "connections are not counted")]
    pub max_connections: u64,
}

impl Default for PrometheusReceiverConfig {
    fn default() -> Self {
        Self {
            config: PrometheusConfig::default(),
            trim_metric_suffixes: false,
            target_allocator: None,
            api_server: ApiServerConfig::default(),
            scrape_on_shutdown: false,
            discovery_reload_on_startup: false,
            initial_scrape_offset: Duration::ZERO,
        }
    }
}

impl Default for ApiServerConfig {
    fn default() -> Self {
        let mut server_config = HttpServerConfig::new("127.0.0.1:9090");
        server_config.read_timeout = Duration::from_secs(600);
        Self {
            enabled: false,
            server_config,
            max_connections: 512,
        }
    }
}

impl PrometheusReceiverConfig {
    fn check(&self, v: &mut Validation<'_>) {
        if self.config.scrape_configs.is_empty()
            && self.config.scrape_config_files.is_empty()
            && self.target_allocator.is_none()
        {
            v.error(
                "config",
                "no Prometheus scrape_configs, scrape_config_files or target_allocator set",
            )
            .help("write `config: {scrape_configs: [{job_name: …, static_configs: …}]}`");
        }
        if self.api_server.enabled && self.api_server.server_config.address.endpoint.is_empty() {
            v.error(
                "api_server::server_config::endpoint",
                "if api_server is enabled, it requires a non-empty server_config endpoint",
            );
        }
    }
}
