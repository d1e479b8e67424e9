//! Checks that bytes are an OTLP request before they are merged with other clients' data.
//!
//! A merged batch is refused by its receiver as a whole if one record in it is malformed, so
//! whatever merges must know that every part is sound on its own.

mod actions;

use actions::{ACTIONS, Action};

use super::count::count_items;
use super::schema::{Kind, Message};
use super::wire::{Field, MAX_DEPTH, WireError, WireType, read_field, read_varint};
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
    match level {
        Level::Framing => {}
        Level::Structure => check::<false>(request, Message::request(signal), 0)?,
        Level::Strict => check::<true>(request, Message::request(signal), 0)?,
    }
    Ok(items)
}

/// Checks one serialized `message` at [`Level::Structure`], or [`Level::Strict`] if `utf8`.
///
/// # Errors
/// The first [`WireError`] met.
pub fn validate_message(message: Message, bytes: &[u8], utf8: bool) -> Result<(), WireError> {
    if utf8 {
        check::<true>(bytes, message, 0)
    } else {
        check::<false>(bytes, message, 0)
    }
}

fn check<const UTF8: bool>(buf: &[u8], message: Message, depth: usize) -> Result<(), WireError> {
    if depth >= MAX_DEPTH {
        return Err(WireError::TooDeep);
    }
    let actions = &ACTIONS[message as usize];
    let mut pos = 0;
    while let Some(&tag) = buf.get(pos) {
        // Tags of two bytes, unknown fields and errors have no entry and take the slow path.
        let action = actions
            .get(usize::from(tag))
            .copied()
            .unwrap_or(Action::Slow);
        let start = pos;
        pos += 1;
        match action {
            Action::Slow => {
                pos = start;
                check_slow::<UTF8>(buf, &mut pos, message, depth)?;
            }
            Action::Varint => {
                read_varint(buf, &mut pos)?;
            }
            Action::Fixed64 => pos = fixed(buf, pos, 8)?,
            Action::Fixed32 => pos = fixed(buf, pos, 4)?,
            Action::Opaque => {
                delimited(buf, &mut pos)?;
            }
            Action::Text => check_text::<UTF8>(delimited(buf, &mut pos)?)?,
            Action::Message(nested) => {
                check::<UTF8>(delimited(buf, &mut pos)?, nested, depth + 1)?;
            }
            Action::Id(want) => {
                let length = delimited(buf, &mut pos)?.len();
                if length != usize::from(want) && length != 0 {
                    return Err(id_length(message, u32::from(tag >> 3), length, want));
                }
            }
            Action::Packed(kind) => check_packed(delimited(buf, &mut pos)?, kind)?,
        }
    }
    Ok(())
}

#[inline]
fn fixed(buf: &[u8], pos: usize, width: usize) -> Result<usize, WireError> {
    if buf.len() - pos < width {
        return Err(WireError::Truncated);
    }
    Ok(pos + width)
}

#[inline]
fn delimited<'a>(buf: &'a [u8], pos: &mut usize) -> Result<&'a [u8], WireError> {
    let length = read_varint(buf, pos)?;
    let rest = &buf[*pos..];
    if length > rest.len() as u64 {
        return Err(WireError::Truncated);
    }
    let length = length as usize;
    *pos += length;
    Ok(&rest[..length])
}

#[inline]
fn check_text<const UTF8: bool>(text: &[u8]) -> Result<(), WireError> {
    if UTF8 && std::str::from_utf8(text).is_err() {
        return Err(WireError::Utf8);
    }
    Ok(())
}

#[inline]
fn check_packed(list: &[u8], wire_type: WireType) -> Result<(), WireError> {
    match wire_type {
        WireType::Fixed64 if !list.len().is_multiple_of(8) => Err(WireError::Truncated),
        WireType::Fixed32 if !list.len().is_multiple_of(4) => Err(WireError::Truncated),
        WireType::Varint => {
            let mut pos = 0;
            while pos < list.len() {
                read_varint(list, &mut pos)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

#[cold]
fn id_length(message: Message, number: u32, length: usize, want: u8) -> WireError {
    let field = message.field(number).map_or("id", |(_, field)| field.name);
    WireError::IdLength {
        field,
        length,
        want: usize::from(want),
    }
}

/// One field whose tag is not in the table: a long tag, an unknown field, or an error.
fn check_slow<const UTF8: bool>(
    buf: &[u8],
    pos: &mut usize,
    message: Message,
    depth: usize,
) -> Result<(), WireError> {
    let Some(field) = read_field(buf, pos)? else {
        return Ok(());
    };
    let Some((_, spec)) = message.field(field.number) else {
        return Ok(());
    };
    let expected = spec.kind.wire_type();
    let value = field.bytes(buf);
    if field.wire_type == expected {
        return match spec.kind {
            Kind::Message(nested) => check::<UTF8>(value, nested, depth + 1),
            Kind::String => check_text::<UTF8>(value),
            Kind::Id(want) if value.len() != usize::from(want) && !value.is_empty() => {
                Err(id_length(message, field.number, value.len(), want))
            }
            _ => Ok(()),
        };
    }
    if field.wire_type == WireType::Len && spec.is_repeated() {
        return check_packed(value, expected);
    }
    Err(mismatch(message, &field))
}

fn mismatch(message: Message, field: &Field) -> WireError {
    WireError::Mismatch {
        message: message.name(),
        field: field.number,
        found: field.wire_type as u8,
    }
}

#[cfg(test)]
mod tests;
