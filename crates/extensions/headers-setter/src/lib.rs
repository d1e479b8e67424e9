//! The headers_setter extension: headers of requests from the context that the telemetry came with,
//! from the identity of its sender, from files or from the configuration.

mod action;
mod config;
mod extension;
mod factory;
mod source;

pub use config::{Action, Config, HeaderConfig};
pub use factory::factory;

headwater_core::register!(factory);
