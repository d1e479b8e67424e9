//! Telemetry as it travels: OTLP protobuf bytes and what can be done with them.

pub mod count;
pub mod payload;
pub mod wire;

pub use count::count_items;
pub use payload::Payload;
