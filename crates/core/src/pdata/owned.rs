//! Owned structs: telemetry decoded, to work on and to write again.
//!
//! For components that need more than a look or an edit: translators, and languages that can
//! change everything. Strings and bytes are slices of the buffer they were decoded from (so they
//! keep it alive); everything else is copied. Fields that nobody knows stay with their message,
//! in [`Unknown`]. Decoding after encoding gives the same struct.

mod codec;
mod messages;
mod text;
mod value;

pub use codec::Unknown;
pub use messages::*;
pub use text::Text;
pub use value::{AnyValue, Array, KeyValue, KeyValueList, Value};
