//! The `udp_log` receiver: log lines over UDP.

mod config;
mod factory;
mod receiver;

pub use config::Config;
pub use factory::factory;

headwater_core::register!(factory);
