//! OTLP in JSON, both ways, straight between the two encodings: nothing is built in between.
//!
//! What is read: field names in `lowerCamelCase` or `snake_case`; unknown fields are skipped;
//! integers and floats as numbers or strings, with `"NaN"`, `"Infinity"`, `"-Infinity"`; enums as
//! numbers or names; ids in hex of either case, empty for none; bytes in base64; `null` for an
//! absent field or an empty document. The last of several fields of a oneof wins.
//!
//! What is written: `lowerCamelCase`, fields in the order of the Collector, zero values left out
//! except for a few messages that are always there (`"resource":{}`, `"status":{}`), 64-bit
//! integers as strings, enums as numbers, ids in lower-case hex.
//!
//! Source: OTLP specification, "JSON Protobuf Encoding"; Collector `pdata/internal/json`.

mod decode;
mod encode;
mod lexer;
mod number;
mod partial_success;
mod status;

use bytes::Bytes;
use thiserror::Error;

pub use partial_success::PartialSuccess;
pub use status::RpcStatus;

use super::payload::Payload;
use super::schema::Message;
use super::wire::{MAX_DEPTH, WireError};
use crate::Signal;

/// Where and why a document is not the JSON of an OTLP message.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{problem} at byte {offset}{}", field.map(|f| format!(", in field `{f}`")).unwrap_or_default())]
pub struct JsonError {
    /// Bytes from the start of the document.
    pub offset: usize,
    /// The innermost known field around that place.
    pub field: Option<&'static str>,
    /// What is wrong there.
    pub problem: JsonProblem,
}

/// What is wrong with a JSON document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum JsonProblem {
    /// The document ends too early; an empty one does so at once.
    #[error("unexpected end of JSON")]
    End,
    /// Something else stands where this should.
    #[error("expected {0}")]
    Expected(&'static str),
    /// Something follows the document.
    #[error("unexpected data behind the document")]
    Trailing,
    /// A string holds a control character, or a backslash with something unknown behind it.
    #[error("invalid character or escape in a string")]
    String,
    /// A number is malformed, has a fraction where an integer belongs, or is out of range.
    #[error("invalid number, or out of range for {0}")]
    Number(&'static str),
    /// No value of the enum has this name.
    #[error("unknown enum value")]
    Enum,
    /// An id is not this many bytes in hex.
    #[error("expected {0} bytes in hex")]
    Id(u8),
    /// Bytes are not base64.
    #[error("invalid base64")]
    Base64,
    /// Objects or arrays nest too deep.
    #[error("nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
}

/// Turns the JSON of an export request of `signal` into its protobuf form.
///
/// `{}` and `null` are empty requests; text in `instrumentationLibrary*` fields, deprecated in
/// OTLP 0.15, is moved to the scope fields. Invalid UTF-8 and lone surrogates in strings become
/// U+FFFD, so the result passes [`super::validate::Level::Strict`].
///
/// # Errors
/// [`JsonError`] at the first thing that is wrong; a body of no bytes is an error, too.
pub fn from_json(signal: Signal, json: &[u8]) -> Result<Bytes, JsonError> {
    message_from_json(Message::request(signal), json).map(Bytes::from)
}

/// Turns the JSON of one `message` into its protobuf form, as [`from_json`] does.
///
/// # Errors
/// [`JsonError`] at the first thing that is wrong.
pub fn message_from_json(message: Message, json: &[u8]) -> Result<Vec<u8>, JsonError> {
    decode::decode(message, json)
}

/// Appends the JSON of a payload, one document, to `out`.
///
/// Unknown fields have no JSON form and are left out. Bytes that are not UTF-8 in strings become
/// U+FFFD.
///
/// # Errors
/// [`WireError`] if the payload is malformed; then `out` has a piece of a document at its end.
pub fn to_json(signal: Signal, payload: &Payload, out: &mut Vec<u8>) -> Result<(), WireError> {
    message_to_json(Message::request(signal), &payload.to_contiguous(), out)
}

/// Appends the JSON of one serialized `message` to `out`, as [`to_json`] does.
///
/// # Errors
/// [`WireError`] if the message is malformed; then `out` has a piece of a document at its end.
pub fn message_to_json(message: Message, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), WireError> {
    encode::encode(message, bytes, out)
}

#[cfg(test)]
mod tests;
