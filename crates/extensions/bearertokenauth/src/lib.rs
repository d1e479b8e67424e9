//! The bearertokenauth extension: tokens, for servers and clients.

mod authenticator;
mod config;
mod extension;
mod factory;
mod tokens;

pub use config::Config;
pub use factory::factory;

headwater_core::register!(factory);
