//! The `tcp_log` receiver: log lines over TCP.

mod config;
mod factory;
mod receiver;

pub use config::Config;
pub use factory::factory;

headwater_core::register!(factory);
