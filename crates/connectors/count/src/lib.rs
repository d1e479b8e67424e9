//! The count connector: counts spans, span events, metrics, data points and log records, and makes
//! metrics of it.
//!
//! Telemetry is read where it lies in the request; what is written is one data point per metric and
//! set of attributes for each resource of a batch.

mod config;
mod connector;
mod counter;
mod factory;
mod walk;

pub use config::{AttributeConfig, CountConfig as Config, MetricInfo};
pub use factory::factory;

headwater_core::register!(factory);
