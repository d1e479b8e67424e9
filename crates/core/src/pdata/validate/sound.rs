//! The fast walk: whether a message is sound, not what is wrong with it.
//!
//! Splits its input from the front, so that no index needs a check, and returns a bare `bool`,
//! which stays in a register.

use super::actions::{ACTIONS, Action};
use crate::pdata::schema::{Kind, Message};
use crate::pdata::wire::{MAX_DEPTH, WireType, read_field, read_varint};

/// Whether `message` keeps to the rules of the structure level, or of the strict one if `UTF8`.
pub(super) fn sound<const UTF8: bool>(mut rest: &[u8], message: Message, depth: usize) -> bool {
    if depth >= MAX_DEPTH {
        return false;
    }
    let actions = &ACTIONS[message as usize];
    while let [tag, after @ ..] = rest {
        // Tags of several bytes and unknown fields have no action of their own.
        let next = match actions[usize::from(*tag)] {
            Action::Slow => slow::<UTF8>(rest, message, depth),
            Action::Varint => varint(after),
            Action::Fixed64 => after.get(8..),
            Action::Fixed32 => after.get(4..),
            Action::Opaque => delimited(after).map(|(_, next)| next),
            Action::Text => {
                delimited(after).and_then(|(text, next)| (!UTF8 || is_text(text)).then_some(next))
            }
            Action::Attribute => delimited(after)
                .and_then(|(value, next)| attribute::<UTF8>(value, depth + 1).then_some(next)),
            Action::Message(nested) => delimited(after)
                .and_then(|(value, next)| sound::<UTF8>(value, nested, depth + 1).then_some(next)),
            Action::Id(want) => delimited(after).and_then(|(id, next)| {
                (id.len() == usize::from(want) || id.is_empty()).then_some(next)
            }),
            Action::Packed(wire_type) => {
                delimited(after).and_then(|(list, next)| packed(list, wire_type).then_some(next))
            }
        };
        let Some(next) = next else {
            return false;
        };
        rest = next;
    }
    true
}

/// A length-delimited value and what follows it; `buf` begins with the length.
#[inline]
fn delimited(buf: &[u8]) -> Option<(&[u8], &[u8])> {
    match buf {
        [length, after @ ..] if *length < 0x80 => after.split_at_checked(usize::from(*length)),
        [low, high, after @ ..] if *high < 0x80 => {
            after.split_at_checked(usize::from(*low & 0x7f) | usize::from(*high) << 7)
        }
        _ => {
            let mut pos = 0;
            let length = usize::try_from(read_varint(buf, &mut pos).ok()?).ok()?;
            buf[pos..].split_at_checked(length)
        }
    }
}

/// What follows a varint.
#[inline]
fn varint(buf: &[u8]) -> Option<&[u8]> {
    match buf {
        [byte, after @ ..] if *byte < 0x80 => Some(after),
        [_, byte, after @ ..] if *byte < 0x80 => Some(after),
        _ => {
            let mut pos = 0;
            read_varint(buf, &mut pos).ok()?;
            Some(&buf[pos..])
        }
    }
}

#[inline]
fn is_text(text: &[u8]) -> bool {
    text.is_ascii() || std::str::from_utf8(text).is_ok()
}

/// A `KeyValue` the way every SDK writes it, key and value in this order, each with a short
/// length; any other one is left to the general walk.
#[inline]
fn attribute<const UTF8: bool>(buf: &[u8], depth: usize) -> bool {
    if let [0x0a, key_len, after @ ..] = buf
        && *key_len < 0x80
        && let Some((key, [0x12, value_len, value @ ..])) =
            after.split_at_checked(usize::from(*key_len))
        && *value_len < 0x80
        && usize::from(*value_len) == value.len()
        && (!UTF8 || is_text(key))
        && let Some(sound) = simple_value::<UTF8>(value)
    {
        return sound && depth + 1 < MAX_DEPTH;
    }
    sound::<UTF8>(buf, Message::KeyValue, depth)
}

/// Whether an `AnyValue` with one scalar is sound; `None` if it is something else.
#[inline]
fn simple_value<const UTF8: bool>(buf: &[u8]) -> Option<bool> {
    match buf {
        [0x0a, length, text @ ..] if usize::from(*length) == text.len() && *length < 0x80 => {
            Some(!UTF8 || is_text(text))
        }
        [0x10 | 0x18, number @ ..] => match number {
            [last] if *last < 0x80 => Some(true),
            [_, last] if number[0] >= 0x80 && *last < 0x80 => Some(true),
            _ => None,
        },
        [0x21, double @ ..] if double.len() == 8 => Some(true),
        _ => None,
    }
}

fn packed(list: &[u8], wire_type: WireType) -> bool {
    match wire_type {
        WireType::Fixed64 => list.len().is_multiple_of(8),
        WireType::Fixed32 => list.len().is_multiple_of(4),
        _ => {
            let mut rest = list;
            while !rest.is_empty() {
                let Some(next) = varint(rest) else {
                    return false;
                };
                rest = next;
            }
            true
        }
    }
}

/// What follows one field, whatever its tag looks like.
#[cold]
fn slow<const UTF8: bool>(buf: &[u8], message: Message, depth: usize) -> Option<&[u8]> {
    let mut pos = 0;
    let field = read_field(buf, &mut pos).ok()??;
    let next = &buf[pos..];
    let Some((_, spec)) = message.field(field.number) else {
        return Some(next);
    };
    let value = field.bytes(buf);
    let sound = if field.wire_type == spec.kind.wire_type() {
        match spec.kind {
            Kind::Message(nested) => sound::<UTF8>(value, nested, depth + 1),
            Kind::String => !UTF8 || is_text(value),
            Kind::Id(want) => value.len() == usize::from(want) || value.is_empty(),
            _ => true,
        }
    } else {
        let is_list = field.wire_type == WireType::Len && spec.is_repeated();
        is_list && packed(value, spec.kind.wire_type())
    };
    sound.then_some(next)
}
