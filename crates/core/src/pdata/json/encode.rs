//! Protobuf to JSON, message by message.

use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::lexer::plain_len;
use super::number::{put_f64, put_int, put_quoted};
use crate::pdata::schema::{FieldSpec, Kind, LEGACY_SCOPES, Message, Presence};
use crate::pdata::wire::{Field, MAX_DEPTH, WireError, WireType, read_field, read_varint};

pub(super) fn encode(message: Message, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), WireError> {
    Encoder {
        out,
        found: Vec::new(),
    }
    .object(message, bytes, 0)
}

/// A field on the wire and its place in the table.
type Found = (usize, Field);

/// By message, a bit for each field that is written even if it is absent.
static ALWAYS: [u32; Message::ALL.len()] = always();

const fn always() -> [u32; Message::ALL.len()] {
    let mut table = [0; Message::ALL.len()];
    let mut message = 0;
    while message < table.len() {
        let fields = Message::ALL[message].fields();
        let mut at = 0;
        while at < fields.len() {
            if matches!(fields[at].presence, Presence::Always) {
                table[message] |= 1 << at;
            }
            at += 1;
        }
        message += 1;
    }
    table
}

struct Encoder<'a> {
    out: &'a mut Vec<u8>,
    /// The fields of all messages that are open, those of the innermost one last.
    found: Vec<Found>,
}

impl Encoder<'_> {
    fn object(&mut self, message: Message, bytes: &[u8], depth: usize) -> Result<(), WireError> {
        if depth >= MAX_DEPTH {
            return Err(WireError::TooDeep);
        }
        let base = self.found.len();
        self.collect(message, bytes)?;
        let end = self.found.len();
        let fields = message.fields();
        let mut always = ALWAYS[message as usize];
        let mut at = base;
        let mut separator = b'{';
        loop {
            // The next field that is there, or that is written even if it is not.
            let present = if at < end {
                self.found[at].0
            } else {
                usize::MAX
            };
            let index = present.min(always.trailing_zeros() as usize);
            let Some(spec) = fields.get(index) else {
                break;
            };
            always &= !(1 << index);
            let first = at;
            while at < end && self.found[at].0 == index {
                at += 1;
            }
            let before = self.out.len();
            self.out.extend_from_slice(&[separator, b'"']);
            self.out.extend_from_slice(spec.json.as_bytes());
            self.out.extend_from_slice(b"\":");
            if self.field(spec, first..at, bytes, depth)? {
                separator = b',';
            } else {
                self.out.truncate(before);
            }
        }
        if separator == b'{' {
            self.out.push(b'{');
        }
        self.out.push(b'}');
        self.found.truncate(base);
        Ok(())
    }

    /// Puts the known fields on top of `found`, in table order, without those of a oneof that a
    /// later one voids.
    fn collect(&mut self, message: Message, bytes: &[u8]) -> Result<(), WireError> {
        let base = self.found.len();
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
                && let Some(void) = one_of.replace(index)
                && void != index
            {
                let mut place = 0;
                self.found.retain(|(at, _)| {
                    place += 1;
                    place <= base || *at != void
                });
            }
            sorted &= self.found.len() == base || self.found[self.found.len() - 1].0 <= index;
            self.found.push((index, field));
            likely = index + usize::from(!spec.is_repeated());
        }
        if !sorted {
            // Stable: occurrences of one field keep their order.
            self.found[base..].sort_by_key(|(index, _)| *index);
        }
        Ok(())
    }

    /// Appends the value of one field, whose occurrences are `values`; `false` if the field is to
    /// be left out.
    fn field(
        &mut self,
        spec: &FieldSpec,
        values: Range<usize>,
        bytes: &[u8],
        depth: usize,
    ) -> Result<bool, WireError> {
        if spec.is_repeated() {
            return self.list(spec, values, bytes, depth);
        }
        match (spec.kind, values.len()) {
            (Kind::Message(nested), 0) => self.object(nested, &[], depth + 1)?,
            (_, 0) => return Ok(false),
            (Kind::Message(nested), 2..) => {
                // Several occurrences are one message: the merge of messages is their
                // concatenation.
                let parts = self.found[values]
                    .iter()
                    .map(|(_, field)| field.bytes(bytes));
                let merged = parts.collect::<Vec<_>>().concat();
                self.object(nested, &merged, depth + 1)?;
            }
            _ => {
                let last = self.found[values.end - 1].1;
                let explicit = !matches!(spec.presence, Presence::Implicit);
                if !explicit && is_zero(spec.kind, &last, bytes) {
                    return Ok(false);
                }
                self.value(spec.kind, &last, bytes, depth)?;
            }
        }
        Ok(true)
    }

    fn list(
        &mut self,
        spec: &FieldSpec,
        values: Range<usize>,
        bytes: &[u8],
        depth: usize,
    ) -> Result<bool, WireError> {
        let before = self.out.len();
        self.out.push(b'[');
        for at in values {
            let field = self.found[at].1;
            if field.wire_type == spec.kind.wire_type() {
                self.value(spec.kind, &field, bytes, depth)?;
                self.out.push(b',');
                continue;
            }
            let packed = field.bytes(bytes);
            let mut pos = 0;
            while pos < packed.len() {
                scalar(spec.kind, raw_bits(spec.kind, packed, &mut pos)?, self.out);
                self.out.push(b',');
            }
        }
        if self.out.len() == before + 1 {
            self.out.truncate(before);
            return Ok(false);
        }
        if let Some(last) = self.out.last_mut() {
            *last = b']';
        }
        Ok(true)
    }

    fn value(
        &mut self,
        kind: Kind,
        field: &Field,
        bytes: &[u8],
        depth: usize,
    ) -> Result<(), WireError> {
        let content = field.bytes(bytes);
        match kind {
            Kind::Message(nested) => self.object(nested, content, depth + 1)?,
            Kind::String => put_text(content, self.out),
            Kind::Bytes => put_base64(content, self.out),
            Kind::Id(_) => put_hex(content, self.out),
            _ => scalar(kind, field.bits(bytes), self.out),
        }
        Ok(())
    }
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

fn put_base64(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let start = out.len();
    let encoded = base64::encoded_len(bytes.len(), true).unwrap_or(0);
    out.resize(start + encoded, 0);
    let written = STANDARD.encode_slice(bytes, &mut out[start..]).unwrap_or(0);
    out.truncate(start + written);
    out.push(b'"');
}

fn put_hex(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in bytes {
        out.push(HEX[usize::from(byte >> 4)]);
        out.push(HEX[usize::from(byte & 15)]);
    }
    out.push(b'"');
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
    if text.is_ascii() || std::str::from_utf8(text).is_ok() {
        put_escaped(text, out);
    } else {
        put_escaped(String::from_utf8_lossy(text).as_bytes(), out);
    }
}

fn put_escaped(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text;
    loop {
        let plain = plain_len(rest);
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
