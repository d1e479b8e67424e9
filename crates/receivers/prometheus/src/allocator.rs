//! The OpenTelemetry Operator's target allocator, from which jobs and targets come.

mod client;

use std::time::Duration;

use headwater_core::config::{Config, Validation};
use headwater_prometheus::scrape_config::{HttpClientConfig as PromHttpClientConfig, PromDuration};
use headwater_transport::config::HttpClientConfig;

pub(crate) use client::Allocator;

/// `target_allocator`.
#[derive(Debug, Clone, Config)]
#[config(validate = Self::check)]
pub struct TargetAllocatorConfig {
    /// The allocator's URL and how it is asked.
    #[config(squash)]
    pub client: HttpClientConfig,
    /// How often it is asked for jobs. Required.
    pub interval: Duration,
    /// The name under which targets are allocated to this collector. Without it the environment
    /// variable POD_NAME.
    pub collector_id: String,
    /// How the targets of each job are asked for.
    pub http_sd_config: Option<AllocatedTargetsConfig>,
    /// How all targets are scraped, instead of what the HTTP keys of their jobs say.
    pub http_scrape_config: Option<PromHttpClientConfig>,
}

/// `http_sd_config` of a target allocator.
#[derive(Debug, Clone, Config)]
pub struct AllocatedTargetsConfig {
    /// The URL, which the allocator decides about.
    #[config(ignored = "the URL is that of the allocator")]
    pub url: String,
    /// How often the targets of a job are asked for.
    pub refresh_interval: PromDuration,
    /// How requests are made and signed. TLS and redirects are those of the allocator's client.
    #[config(squash)]
    pub http: PromHttpClientConfig,
}

impl Default for TargetAllocatorConfig {
    fn default() -> Self {
        Self {
            client: HttpClientConfig::default(),
            interval: Duration::ZERO,
            collector_id: String::new(),
            http_sd_config: None,
            http_scrape_config: None,
        }
    }
}

impl Default for AllocatedTargetsConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            refresh_interval: PromDuration::from_secs(30),
            http: PromHttpClientConfig::default(),
        }
    }
}

impl TargetAllocatorConfig {
    /// The name of this collector.
    pub(crate) fn collector(&self) -> String {
        if self.collector_id.is_empty() {
            return std::env::var("POD_NAME").unwrap_or_default();
        }
        self.collector_id.clone()
    }

    fn check(&self, v: &mut Validation<'_>) {
        if self.client.endpoint.is_empty() {
            v.error("endpoint", "TargetAllocator endpoint is not valid: \"\"")
                .help("write `http://host:port`");
        }
        let collector = self.collector();
        if collector.is_empty() || collector.contains("${") {
            v.error("collector_id", "CollectorID is not a valid ID")
                .help("write a name, for example ${env:POD_NAME}, or set POD_NAME");
        }
        if self.interval.is_zero() {
            v.error("interval", "interval must be a positive duration, got 0s");
        }
    }
}
