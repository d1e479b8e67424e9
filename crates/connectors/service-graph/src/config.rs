//! What the user writes.

use std::time::Duration;

use headwater_aggregation::DURATION_BOUNDS;
use headwater_core::config::{Config, Node, Validation};

/// Configuration of the `service_graph` connector. Source: Go `servicegraphconnector.Config`.
#[derive(Debug, Clone, PartialEq, Config)]
#[config(validate = Self::check, decoded = Self::complete)]
pub struct ServiceGraphConfig {
    /// Whose names metrics have: `contrib` for the Collector's, or `tempo` for those of Tempo's
    /// metrics-generator, whose defaults then hold as well. Headwater's own key.
    pub naming: Naming,
    /// The upper bounds of the buckets of durations, ascending. By default those of `naming`.
    pub latency_histogram_buckets: Option<Vec<Duration>>,
    /// Makes exponential histograms with at most so many buckets, 2 to 16384; 0 makes none.
    pub exponential_histogram_max_size: i32,
    /// Attributes of resources, or else of spans, that become attributes of the metrics, with
    /// `client_` and `server_` before their names.
    pub dimensions: Vec<String>,
    /// Where spans wait for the other span of their call.
    pub store: StoreConfig,
    /// How often series are looked for that have not been seen for 15 minutes and are forgotten.
    /// 0 means 1m.
    pub cache_loop: Duration,
    /// How often spans are looked for that have waited for too long. 0 means 2s.
    pub store_expiration_loop: Duration,
    /// Attributes of spans that name the other side of a call that has no span; the first one
    /// that is there counts. An empty list makes no such nodes.
    pub virtual_node_peer_attributes: Vec<String>,
    /// Whether the attribute `virtual_node` says which side (`client`, `server`) has no span.
    pub virtual_node_extra_label: bool,
    /// How often metrics are sent. 0 sends them with every batch of spans.
    pub metrics_flush_interval: Duration,
    /// How far in the past the times of points lie.
    pub metrics_timestamp_offset: Duration,
    /// Attributes of spans or resources that name a database; a call to one has only one span.
    pub database_name_attributes: Vec<String>,
    /// How many series there are at most; calls without room are counted in one with the
    /// attribute `otel.metric.overflow`. Headwater's own key.
    pub max_series: u32,
    /// How many tenants have a graph of their own; spans of further ones are dropped. `store` and
    /// `max_series` bound each of them. Headwater's own key.
    pub max_tenants: u32,
}

/// Whose names the metrics have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub enum Naming {
    /// The Collector's.
    #[default]
    Contrib,
    /// Those of Tempo's metrics-generator.
    Tempo,
}

/// Where spans wait.
#[derive(Debug, Clone, PartialEq, Eq, Config)]
pub struct StoreConfig {
    /// How many spans wait at most; further ones are dropped.
    pub max_items: u32,
    /// How long a span waits.
    pub ttl: Duration,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            max_items: 1000,
            ttl: Duration::from_secs(2),
        }
    }
}

impl Default for ServiceGraphConfig {
    fn default() -> Self {
        Self {
            naming: Naming::Contrib,
            latency_histogram_buckets: None,
            exponential_histogram_max_size: 0,
            dimensions: Vec::new(),
            store: StoreConfig::default(),
            cache_loop: Duration::from_secs(60),
            store_expiration_loop: Duration::from_secs(2),
            virtual_node_peer_attributes: texts(&["peer.service", "db.name", "db.system"]),
            virtual_node_extra_label: false,
            metrics_flush_interval: Duration::from_secs(60),
            metrics_timestamp_offset: Duration::ZERO,
            database_name_attributes: texts(&["db.name"]),
            max_series: 100_000,
            max_tenants: 1000,
        }
    }
}

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

impl ServiceGraphConfig {
    /// Fills in what was not written.
    fn complete(&mut self, node: &Node) {
        let written = |key: &str| node.as_map().is_some_and(|map| map.get(key).is_some());
        if self.cache_loop.is_zero() {
            self.cache_loop = Duration::from_secs(60);
        }
        if self.store_expiration_loop.is_zero() {
            self.store_expiration_loop = Duration::from_secs(2);
        }
        if self.naming == Naming::Tempo {
            if !written("store") {
                self.store = StoreConfig {
                    max_items: 10_000,
                    ttl: Duration::from_secs(10),
                };
            }
            if !written("virtual_node_peer_attributes") {
                self.virtual_node_peer_attributes =
                    texts(&["peer.service", "db.name", "db.system", "db.system.name"]);
            }
            if !written("database_name_attributes") {
                self.database_name_attributes =
                    texts(&["db.namespace", "db.name", "db.system", "db.system.name"]);
            }
        } else if self.database_name_attributes.is_empty() {
            self.database_name_attributes = texts(&["db.name"]);
        }
    }

    fn check(&self, v: &mut Validation<'_>) {
        if self.exponential_histogram_max_size < 0 {
            v.error("exponential_histogram_max_size", "must not be negative");
        }
        if let Some(buckets) = &self.latency_histogram_buckets {
            if self.exponential_histogram_max_size > 0 {
                v.error(
                    "exponential_histogram_max_size",
                    "use either `latency_histogram_buckets` or `exponential_histogram_max_size`",
                );
            }
            if !buckets.is_sorted_by(|a, b| a < b) {
                v.error("latency_histogram_buckets", "the bounds must be ascending");
            }
        }
        if self.max_series == 0 {
            v.error("max_series", "must be positive");
        }
        if self.max_tenants == 0 {
            v.error("max_tenants", "must be positive");
        }
    }

    /// The upper bounds of buckets, in seconds.
    pub(crate) fn bounds(&self) -> Box<[f64]> {
        match (&self.latency_histogram_buckets, self.naming) {
            (Some(buckets), _) => buckets.iter().map(Duration::as_secs_f64).collect(),
            (None, Naming::Contrib) => DURATION_BOUNDS
                .iter()
                .map(|bound| f64::from(*bound) / 1000.0)
                .collect(),
            (None, Naming::Tempo) => (0..8).map(|n| 0.1 * f64::from(1 << n)).collect(),
        }
    }
}
