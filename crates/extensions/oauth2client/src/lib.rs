//! The oauth2client extension: tokens of an authorization server for clients.
//!
//! A token is fetched for the first request, kept, and renewed before its end, by one request at a
//! time.

mod claims;
mod config;
mod extension;
mod factory;

pub use config::{Config, GrantType};
pub use factory::factory;

headwater_core::register!(factory);
