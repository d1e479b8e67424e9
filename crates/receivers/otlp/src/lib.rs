//! The `otlp` receiver: OTLP over gRPC and over HTTP, as protobuf or JSON.
//!
//! A request's body becomes a batch as it is; only its items are counted, which also checks the
//! framing. The bytes are charged to the process-wide budget before the body is read.

mod config;
mod export;
mod factory;
mod grpc;
mod http;
mod receiver;

pub use config::{HttpConfig, OtlpConfig as Config, Protocols};
pub use factory::factory;

headwater_core::register!(factory);
