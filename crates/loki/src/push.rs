//! Push messages: `logproto.PushRequest`, as protobuf and as JSON.
//!
//! Source: Loki `pkg/push/push.proto` and `pkg/loghttp/push`. Over HTTP the protobuf form is
//! compressed with snappy's block format.

mod json;
mod read;
mod write;

pub use json::{JsonError, from_json, to_json};
pub use read::{Entries, Entry, Metadata, Stream, Streams, streams};
pub use write::{put_entry, put_metadata, put_stream_head, stream_head_len};
