//! The `prometheus_remote_write` exporter, once called `prometheusremotewrite`: sends metrics to
//! whatever takes Prometheus's remote write, in version 1.0 or 2.0.
//!
//! One batch after the other is translated and written into requests, which are sent side by
//! side. A series stands in one of them, and the next batch waits until all of them have ended:
//! so the samples of a series arrive in their order, whatever has to be sent again.

mod answer;
mod config;
mod factory;
mod instruments;
mod packet;
mod pusher;

pub use config::{
    PrometheusRemoteWriteConfig as Config, ProtobufMessage, RemoteWriteQueueConfig,
    ResourceConstantLabelsConfig, TargetInfoConfig,
};
pub use factory::factory;
pub use headwater_prometheus::translate::{ResourceToTelemetryConfig, TranslationStrategy};

headwater_core::register!(factory);
