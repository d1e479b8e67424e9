//! The `loki` receiver: takes pushes as Loki does, over HTTP (protobuf and JSON) and over gRPC.
//!
//! A push is read where it lies and written once, as OTLP. The answer is the truth: 204 only when
//! the pipeline has taken everything.

mod config;
mod convert;
mod factory;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod grpc;
mod http;
mod intake;
mod receiver;

pub use config::{LokiConfig as Config, Protocols};
pub use factory::factory;

headwater_core::register!(factory);
