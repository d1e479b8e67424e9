//! Checks that bytes are an OTLP request before they are merged with other clients' data.
//!
//! A merged batch is refused by its receiver as a whole if one record in it is malformed, so
//! whatever merges must know that every part is sound on its own.

mod actions;
mod explain;
mod sound;

use explain::explain;
use sound::sound;

use super::count::count_items;
use super::schema::Message;
use super::wire::WireError;
use crate::Signal;

/// How much of a request is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Level {
    /// Lengths and tags down to the records, which counting needs anyway. Enough to pass a
    /// request on alone.
    Framing,
    /// Every tag, length and wire type, the length of every id, and how deep messages nest.
    /// Accepts what the Collector accepts; needed before data of several clients is merged.
    #[default]
    Structure,
    /// As `Structure`, and every string must be UTF-8. Backends built on most protobuf libraries
    /// insist on it, the Collector does not.
    Strict,
}

/// Checks one serialized request of `signal` at `level` and counts its items as
/// [`count_items`] does.
///
/// Unknown fields are fine at every level, so are fields in any order, repeated singular fields
/// and packed or unpacked lists.
///
/// # Errors
/// The first [`WireError`] met; [`WireError::Utf8`] only at [`Level::Strict`].
pub fn validate(signal: Signal, request: &[u8], level: Level) -> Result<usize, WireError> {
    let items = count_items(signal, request)?;
    if level > Level::Framing {
        validate_message(Message::request(signal), request, level == Level::Strict)?;
    }
    Ok(items)
}

/// Checks one serialized `message` at [`Level::Structure`], or [`Level::Strict`] if `utf8`.
///
/// # Errors
/// The first [`WireError`] met.
pub fn validate_message(message: Message, bytes: &[u8], utf8: bool) -> Result<(), WireError> {
    let sound = if utf8 {
        sound::<true>(bytes, message, 0)
    } else {
        sound::<false>(bytes, message, 0)
    };
    // Nearly everything is sound; what is wrong with the rest is found out by a second walk.
    if sound {
        Ok(())
    } else {
        explain(bytes, message, utf8, 0)
    }
}

#[cfg(test)]
mod tests;
