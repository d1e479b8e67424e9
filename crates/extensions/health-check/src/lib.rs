//! The health_check extension: tells over HTTP whether the collector is ready.
//!
//! Source: Go `healthcheckextension` in its default mode.

mod config;
mod extension;
mod factory;
mod state;

pub use config::{CheckCollectorPipelineConfig, Config, ResponseBodyConfig};
pub use factory::factory;

headwater_core::register!(factory);
