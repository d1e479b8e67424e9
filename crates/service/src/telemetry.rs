//! The section `service::telemetry`: what the collector says about itself.
//!
//! Source: Go `otelconftelemetry`; the shapes of readers and processors are those of otelconf
//! v0.3.0, older ones are accepted.

mod logs;
mod metrics;
mod resource;
mod traces;

use headwater_core::config::Config;

pub use logs::{LogEncoding, LogLevel, LogSamplingConfig, LogsConfig};
pub use metrics::{
    ConstantLabels, MetricsConfig, MetricsLevel, OtlpReaderConfig, PeriodicConfig,
    PeriodicExporter, PrometheusConfig, PullConfig, PullExporter, ReaderConfig,
};
pub use resource::{AttributeType, ResourceAttribute, ResourceConfig};
pub use traces::{Propagator, TracesConfig, TracesLevel};

/// The section `service::telemetry`.
#[derive(Debug, Clone, Default, Config)]
pub struct TelemetryConfig {
    /// Log lines.
    pub logs: LogsConfig,
    /// Own metrics.
    pub metrics: MetricsConfig,
    /// Own spans.
    pub traces: TracesConfig,
    /// What identifies this process.
    pub resource: ResourceConfig,
}
