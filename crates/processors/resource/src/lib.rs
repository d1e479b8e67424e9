//! The `resource` processor: changes attributes of resources.
//!
//! Only the header of each resource is rewritten; its spans, data points and log records are
//! copied as one run of bytes.

mod config;
mod factory;
mod processor;

pub use config::ResourceConfig as Config;
pub use factory::factory;

headwater_core::register!(factory);
