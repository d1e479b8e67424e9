//! The `prometheus` exporter: shows metrics on a page that Prometheus scrapes.
//!
//! It keeps the last value of each series. Delta values of counters and histograms are added up.
//! What gets no new value for `metric_expiration` disappears.

mod config;
mod factory;
mod ingest;
mod page;
mod pusher;
mod store;

pub use config::PrometheusConfig as Config;
pub use factory::factory;
pub use headwater_prometheus::translate::{ResourceToTelemetryConfig, TranslationStrategy};

headwater_core::register!(factory);
