//! The `zipkin` receiver: spans of Zipkin v1 (JSON and Thrift) and v2 (JSON and protobuf).
//!
//! A request is read span by span and written as OTLP bytes, grouped by service; no tree of it is
//! built. Source: Go `zipkinreceiver` and `pkg/translator/zipkin`.

mod attributes;
mod config;
mod error;
mod factory;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod groups;
mod json;
mod named;
mod receiver;
mod server;
mod span;
mod v1;
mod v2;

pub use config::{Protocols, ZipkinConfig as Config};
pub use factory::factory;

headwater_core::register!(factory);
