//! Telemetry as it travels: OTLP protobuf bytes and what can be done with them.

pub mod count;
pub mod edit;
pub mod intake;
pub mod json;
mod messages;
pub mod owned;
pub mod payload;
pub mod schema;
pub mod split;
pub mod validate;
pub mod view;
pub mod wire;

pub use count::count_items;
pub use intake::intake;
pub use payload::Payload;
pub use split::{Piece, split_bytes, split_items, take_items};
pub use validate::validate;
