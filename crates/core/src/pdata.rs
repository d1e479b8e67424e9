//! Telemetry as it travels: OTLP protobuf bytes and what can be done with them.

pub mod wire;
