//! Protobuf to JSON, message by message.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use smallvec::SmallVec;

use super::number::{put_f64, put_int, put_quoted};
use crate::pdata::schema::{FieldSpec, Kind, LEGACY_SCOPES, Message, Presence};
use crate::pdata::wire::{Field, MAX_DEPTH, WireError, WireType, read_field, read_varint};

pub(super) fn encode(message: Message, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), WireError> {
    object(message, bytes, out, 0)
}

/// A field on the wire and its place in the table.
type Found = (usize, Field);

fn object(
    message: Message,
    bytes: &[u8],
    out: &mut Vec<u8>,
    depth: usize,
) -> Result<(), WireError> {
    if depth >= MAX_DEPTH {
        return Err(WireError::TooDeep);
    }
    let found = collect(message, bytes)?;
    let mut found = found.as_slice();
    let mut first = true;
    out.push(b'{');
    for (index, spec) in message.fields().iter().enumerate() {
        let here = found.iter().take_while(|(at, _)| *at == index).count();
        let (values, rest) = found.split_at(here);
        found = rest;
        let before = out.len();
        if !first {
            out.push(b',');
        }
        out.push(b'"');
        out.extend_from_slice(spec.json.as_bytes());
        out.extend_from_slice(b"\":");
        if field(spec, values, bytes, out, depth)? {
            first = false;
        } else {
            out.truncate(before);
        }
    }
    out.push(b'}');
    Ok(())
}

/// The known fields in table order, without those of a oneof that a later one voids.
fn collect(message: Message, bytes: &[u8]) -> Result<SmallVec<[Found; 16]>, WireError> {
    let mut found: SmallVec<[Found; 16]> = SmallVec::new();
    let mut one_of = None;
    let mut sorted = true;
    let mut likely = 0;
    let mut pos = 0;
    let fields = message.fields();
    while let Some(field) = read_field(bytes, &mut pos)? {
        let number = if field.number == LEGACY_SCOPES {
            2
        } else {
            field.number
        };
        // Fields repeat, or follow one another.
        let index = match fields.get(likely) {
            Some(spec) if spec.number == number => likely,
            _ => match message.field(number) {
                Some((index, _)) => index,
                None => continue,
            },
        };
        likely = index;
        let spec = &fields[index];
        let packed = spec.is_repeated() && field.wire_type == WireType::Len;
        if field.wire_type != spec.kind.wire_type() && !packed {
            let found = field.wire_type as u8;
            return Err(WireError::Mismatch {
                message: message.name(),
                field: number,
                found,
            });
        }
        if matches!(spec.presence, Presence::OneOf)
            && let Some(before) = one_of.replace(index)
            && before != index
        {
            found.retain(|(at, _)| *at != before);
        }
        sorted &= found.last().is_none_or(|(last, _)| *last <= index);
        found.push((index, field));
    }
    if !sorted {
        // Stable: occurrences of one field keep their order.
        found.sort_by_key(|(index, _)| *index);
    }
    Ok(found)
}

/// Appends the value of one field; `false` if the field is to be left out.
fn field(
    spec: &FieldSpec,
    values: &[Found],
    bytes: &[u8],
    out: &mut Vec<u8>,
    depth: usize,
) -> Result<bool, WireError> {
    if spec.is_repeated() {
        return list(spec, values, bytes, out, depth);
    }
    let Some((_, last)) = values.last() else {
        let always = matches!(spec.presence, Presence::Always);
        if let (true, Kind::Message(nested)) = (always, spec.kind) {
            object(nested, &[], out, depth + 1)?;
        }
        return Ok(always);
    };
    if let (Kind::Message(nested), true) = (spec.kind, values.len() > 1) {
        // Several occurrences are one message: the merge of messages is their concatenation.
        let parts: Vec<&[u8]> = values.iter().map(|(_, field)| field.bytes(bytes)).collect();
        object(nested, &parts.concat(), out, depth + 1)?;
        return Ok(true);
    }
    let explicit = !matches!(spec.presence, Presence::Implicit);
    if !explicit && is_zero(spec.kind, last, bytes) {
        return Ok(false);
    }
    value(spec.kind, last, bytes, out, depth)?;
    Ok(true)
}

fn list(
    spec: &FieldSpec,
    values: &[Found],
    bytes: &[u8],
    out: &mut Vec<u8>,
    depth: usize,
) -> Result<bool, WireError> {
    let before = out.len();
    out.push(b'[');
    for (_, field) in values {
        if field.wire_type == spec.kind.wire_type() {
            value(spec.kind, field, bytes, out, depth)?;
            out.push(b',');
            continue;
        }
        let packed = field.bytes(bytes);
        let mut pos = 0;
        while pos < packed.len() {
            scalar(spec.kind, raw_bits(spec.kind, packed, &mut pos)?, out);
            out.push(b',');
        }
    }
    if out.len() == before + 1 {
        out.truncate(before);
        return Ok(false);
    }
    if let Some(last) = out.last_mut() {
        *last = b']';
    }
    Ok(true)
}

/// Reads one element of a packed list.
fn raw_bits(kind: Kind, packed: &[u8], pos: &mut usize) -> Result<u64, WireError> {
    let width = match kind.wire_type() {
        WireType::Varint => return read_varint(packed, pos),
        WireType::Fixed32 => 4,
        _ => 8,
    };
    let element = packed.get(*pos..*pos + width).ok_or(WireError::Truncated)?;
    *pos += width;
    let mut bits = [0; 8];
    bits[..width].copy_from_slice(element);
    Ok(u64::from_le_bytes(bits))
}

fn is_zero(kind: Kind, field: &Field, bytes: &[u8]) -> bool {
    match kind {
        Kind::Message(_) => false,
        Kind::String | Kind::Bytes => field.bytes(bytes).is_empty(),
        // The Collector knows no id of zeros.
        Kind::Id(_) => field.bytes(bytes).iter().all(|&byte| byte == 0),
        Kind::Double => f64::from_bits(field.bits(bytes)) == 0.0,
        Kind::Enum(_) | Kind::Int32 | Kind::Uint32 | Kind::Sint32 => field.bits(bytes) as u32 == 0,
        _ => field.bits(bytes) == 0,
    }
}

fn value(
    kind: Kind,
    field: &Field,
    bytes: &[u8],
    out: &mut Vec<u8>,
    depth: usize,
) -> Result<(), WireError> {
    let content = field.bytes(bytes);
    match kind {
        Kind::Message(nested) => object(nested, content, out, depth + 1)?,
        Kind::String => put_text(content, out),
        Kind::Bytes => {
            out.push(b'"');
            let start = out.len();
            let encoded = base64::encoded_len(content.len(), true).unwrap_or(0);
            out.resize(start + encoded, 0);
            let written = STANDARD
                .encode_slice(content, &mut out[start..])
                .unwrap_or(0);
            out.truncate(start + written);
            out.push(b'"');
        }
        Kind::Id(_) => {
            out.push(b'"');
            for byte in content {
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
            out.push(b'"');
        }
        _ => scalar(kind, field.bits(bytes), out),
    }
    Ok(())
}

const HEX: &[u8; 16] = b"0123456789abcdef";

fn scalar(kind: Kind, bits: u64, out: &mut Vec<u8>) {
    match kind {
        Kind::Bool => out.extend_from_slice(if bits == 0 { b"false" } else { b"true" }),
        Kind::Enum(_) | Kind::Int32 => put_int(out, bits as i32),
        Kind::Uint32 | Kind::Fixed32 => put_int(out, bits as u32),
        Kind::Sint32 => {
            let zigzag = bits as u32;
            put_int(out, (zigzag >> 1) as i32 ^ -((zigzag & 1) as i32));
        }
        Kind::Int64 | Kind::Sfixed64 => put_quoted(out, bits as i64),
        Kind::Uint64 | Kind::Fixed64 => put_quoted(out, bits),
        Kind::Double => put_f64(out, f64::from_bits(bits)),
        Kind::Message(_) | Kind::String | Kind::Bytes | Kind::Id(_) => {}
    }
}

/// Appends a string with its quotes.
pub(super) fn put_text(text: &[u8], out: &mut Vec<u8>) {
    match std::str::from_utf8(text) {
        Ok(_) => put_escaped(text, out),
        Err(_) => put_escaped(String::from_utf8_lossy(text).as_bytes(), out),
    }
}

fn put_escaped(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text;
    loop {
        let plain = super::lexer::plain_len(rest);
        out.extend_from_slice(&rest[..plain]);
        let Some((&special, after)) = rest[plain..].split_first() else {
            break;
        };
        rest = after;
        match special {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => {
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(control >> 4)]);
                out.push(HEX[usize::from(control & 15)]);
            }
        }
    }
    out.push(b'"');
}
