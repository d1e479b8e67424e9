//! The `otlp_grpc` exporter, once called `otlp`: sends OTLP over gRPC.
//!
//! A request leaves as the bytes it came in, from the buffers it came in: nothing is decoded and,
//! unless it is compressed, nothing is copied together.

mod config;
mod factory;
mod pusher;

pub use config::OtlpGrpcConfig as Config;
pub use factory::factory;

headwater_core::register!(factory);
