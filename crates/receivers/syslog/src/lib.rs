//! The `syslog` receiver: messages of RFC 3164 and RFC 5424 over TCP and UDP.

mod config;
mod factory;
mod receiver;

pub use config::Config;
pub use factory::factory;

headwater_core::register!(factory);
