//! The slow walk, which knows what is wrong with a message.

use crate::pdata::schema::{Kind, Message};
use crate::pdata::wire::{Field, Fields, MAX_DEPTH, WireError, WireType, read_varint};

/// The first error in `message`, by the rules that [`super::sound::sound`] checks.
pub(super) fn explain(
    buf: &[u8],
    message: Message,
    utf8: bool,
    depth: usize,
) -> Result<(), WireError> {
    if depth >= MAX_DEPTH {
        return Err(WireError::TooDeep);
    }
    for field in Fields::new(buf) {
        explain_field(buf, &field?, message, utf8, depth)?;
    }
    Ok(())
}

fn explain_field(
    buf: &[u8],
    field: &Field,
    message: Message,
    utf8: bool,
    depth: usize,
) -> Result<(), WireError> {
    let Some((_, spec)) = message.field(field.number) else {
        return Ok(());
    };
    let expected = spec.kind.wire_type();
    let value = field.bytes(buf);
    if field.wire_type == expected {
        return match spec.kind {
            Kind::Message(nested) => explain(value, nested, utf8, depth + 1),
            Kind::String if utf8 && std::str::from_utf8(value).is_err() => Err(WireError::Utf8),
            Kind::Id(want) if value.len() != usize::from(want) && !value.is_empty() => {
                Err(WireError::IdLength {
                    field: spec.name,
                    length: value.len(),
                    want: usize::from(want),
                })
            }
            _ => Ok(()),
        };
    }
    if field.wire_type == WireType::Len && spec.is_repeated() {
        return explain_packed(value, expected);
    }
    let found = field.wire_type as u8;
    Err(WireError::Mismatch {
        message: message.name(),
        field: field.number,
        found,
    })
}

fn explain_packed(list: &[u8], wire_type: WireType) -> Result<(), WireError> {
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
