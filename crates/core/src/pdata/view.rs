//! Views: telemetry read where it lies, without decoding or allocating.
//!
//! A view is a slice of the request and a number of accessors that look for their field when
//! they are called. Fields may stand in any order; of a singular scalar the last one counts, a
//! singular message that occurs several times is read as the merge of its occurrences, of a
//! oneof the last member counts. A view never fails: bytes that are no message end it, as if
//! the message ended there (what a request must look like is checked where it comes in).

mod display;
mod message;
mod messages;
mod numbers;
mod text;
mod value;

pub(in crate::pdata) use message::Message;
pub use messages::*;
pub use numbers::{Doubles, Numbers};
pub use text::Text;
pub(in crate::pdata) use value::split_key_value;
pub use value::{AnyValue, AnyValues, Array, Attributes, KeyValue, KeyValues};
