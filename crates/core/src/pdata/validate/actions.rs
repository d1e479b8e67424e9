//! What to do at each one-byte tag of each message: the schema, turned into a jump table.

use crate::pdata::schema::{FieldSpec, Kind, Message};
use crate::pdata::wire::WireType;

/// What follows a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Not a known field with its right wire type.
    Slow,
    Varint,
    Fixed32,
    Fixed64,
    /// Length-delimited, content does not matter.
    Opaque,
    /// Length-delimited, UTF-8.
    Text,
    Message(Message),
    /// A `KeyValue`, the message there is most of.
    Attribute,
    /// Length-delimited, empty or this long.
    Id(u8),
    /// Length-delimited list of scalars of this wire type.
    Packed(WireType),
}

/// By message, then by the first byte of the tag. Tags of fields up to number 15 take one byte;
/// longer ones begin with a byte from 0x80 on and have no entry.
pub(super) static ACTIONS: [[Action; 256]; Message::ALL.len()] = actions();

const fn actions() -> [[Action; 256]; Message::ALL.len()] {
    let mut table = [[Action::Slow; 256]; Message::ALL.len()];
    let mut message = 0;
    while message < table.len() {
        let fields = Message::ALL[message].fields();
        let mut at = 0;
        while at < fields.len() {
            let field = &fields[at];
            if field.number < 16 {
                let wire_type = field.kind.wire_type();
                table[message][tag(field, wire_type)] = action(field.kind);
                if field.is_repeated() && !matches!(wire_type, WireType::Len) {
                    table[message][tag(field, WireType::Len)] = Action::Packed(wire_type);
                }
            }
            at += 1;
        }
        message += 1;
    }
    table
}

const fn tag(field: &FieldSpec, wire_type: WireType) -> usize {
    (field.number as usize) << 3 | wire_type as usize
}

const fn action(kind: Kind) -> Action {
    match kind {
        Kind::Message(Message::KeyValue) => Action::Attribute,
        Kind::Message(message) => Action::Message(message),
        Kind::String => Action::Text,
        Kind::Bytes => Action::Opaque,
        Kind::Id(length) => Action::Id(length),
        _ => match kind.wire_type() {
            WireType::Fixed32 => Action::Fixed32,
            WireType::Fixed64 => Action::Fixed64,
            _ => Action::Varint,
        },
    }
}
