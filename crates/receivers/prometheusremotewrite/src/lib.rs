//! The `prometheusremotewrite` receiver: takes Prometheus's remote write, versions 1.0 and 2.0.
//!
//! A request becomes one batch. The answer says what has become of it, in 2.0 with the numbers of
//! what was written.

mod config;
mod convert;
mod factory;
mod known;
mod native;
mod receiver;
mod server;

pub use config::PrometheusRemoteWriteConfig as Config;
pub use factory::factory;

headwater_core::register!(factory);
