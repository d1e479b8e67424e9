//! The basicauth extension: user names and passwords, for servers and clients.
//!
//! As a server it checks requests against htpasswd lines. Slow hashes are computed on threads of
//! their own, a bounded number at a time, and what came of them is remembered, so that a request
//! costs a look-up. As a client it adds a header.

mod client;
mod config;
mod extension;
mod factory;
mod gate;
mod hashes;
mod known;
mod server;
mod users;

pub use config::{ClientAuthConfig, Config, HtpasswdConfig};
pub use factory::factory;

headwater_core::register!(factory);
