//! The `attributes` processor: changes attributes of spans, data points and log records.
//!
//! Each record is rewritten in one pass over its bytes: what is not changed is copied in runs.

mod config;
mod factory;
mod processor;

pub use config::AttributesConfig as Config;
pub use factory::factory;

headwater_core::register!(factory);
