//! The `tempo` exporter: sends traces to Tempo's distributor, as OTLP over gRPC or HTTP.
//!
//! What it knows beyond `otlp_grpc`: whose traces they are, and what Tempo means when it refuses
//! some. A request leaves as the bytes it came in, unless it belongs to several tenants, is too
//! large, or holds something that Tempo does not take.

mod answer;
mod config;
mod factory;
mod pieces;
mod pusher;
mod wire;

pub use config::TempoConfig as Config;
pub use factory::factory;

headwater_core::register!(factory);
