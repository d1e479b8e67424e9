//! The `otlp_http` exporter, once called `otlphttp`: sends OTLP over HTTP, as protobuf or JSON.
//!
//! A protobuf request leaves as the bytes it came in, from the buffers it came in: nothing is
//! decoded and, unless it is compressed, nothing is copied together.

mod answer;
mod config;
mod factory;
mod pusher;

pub use config::{Encoding, OtlpHttpConfig as Config};
pub use factory::factory;

headwater_core::register!(factory);
