//! Valid messages of every shape that protobuf allows, made from a string of bytes.
//!
//! Made for property tests and fuzzers: shorter input makes simpler messages, and every input
//! makes one.

use headwater_core::Signal;
use headwater_core::pdata::schema::{FieldSpec, Kind, LEGACY_SCOPES, Message};
use headwater_core::pdata::wire::{WireType, put_varint};

/// Messages nest at most this deep, far below what decoders refuse.
const DEEPEST: usize = 14;

/// Bytes that stand for decisions; zeros when they are used up, which decide for the least.
#[derive(Debug)]
pub struct Entropy<'a> {
    left: &'a [u8],
}

impl<'a> Entropy<'a> {
    /// Decisions from `bytes`, front to back.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { left: bytes }
    }

    fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.left.split_first() else {
            return 0;
        };
        self.left = rest;
        first
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound
    }

    /// True once in about `n` times, never when the bytes are used up.
    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }
}

/// A serialized `message`, valid at every level of validation.
///
/// Fields come in any order, singular ones may repeat, oneofs may have several members, lists may
/// be packed, unpacked or both, tags and lengths may be longer than need be, and unknown fields of
/// all wire types lie between the others.
#[must_use]
pub fn arbitrary(message: Message, entropy: &mut Entropy<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    fill(message, entropy, 0, &mut out);
    out
}

/// Serialized requests of every shape, and the same ones cut off somewhere: `count` pairs that
/// depend on `seed`.
pub fn arbitrary_requests(
    signal: Signal,
    seed: u64,
    count: usize,
) -> impl Iterator<Item = Vec<u8>> {
    let mut state = seed | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..count).flat_map(move |_| {
        let bytes: Vec<u8> = (0..100).flat_map(|_| next().to_le_bytes()).collect();
        let whole = arbitrary(Message::request(signal), &mut Entropy::new(&bytes));
        let cut = whole[..next() as usize % (whole.len() + 1)].to_vec();
        [whole, cut]
    })
}

fn fill(message: Message, entropy: &mut Entropy<'_>, depth: usize, out: &mut Vec<u8>) {
    let fields = message.fields();
    for _ in 0..entropy.below(7) {
        if entropy.one_in(12) {
            unknown(entropy, out);
            continue;
        }
        let mut at = entropy.below(fields.len() * 2);
        if at >= fields.len() {
            // Half of the fields are those that lead down to records and points.
            at = fields
                .iter()
                .position(leads_down)
                .unwrap_or(at - fields.len());
        }
        field(&fields[at], entropy, depth, out);
    }
}

fn leads_down(field: &FieldSpec) -> bool {
    field.is_repeated()
        && matches!(field.kind, Kind::Message(message) if message != Message::KeyValue)
}

fn field(spec: &FieldSpec, entropy: &mut Entropy<'_>, depth: usize, out: &mut Vec<u8>) {
    let mut value = Vec::new();
    match spec.kind {
        Kind::Message(_) if depth >= DEEPEST => return,
        Kind::Message(nested) => fill(nested, entropy, depth + 1, &mut value),
        Kind::String => value.extend_from_slice(text(entropy).as_bytes()),
        Kind::Bytes => value.extend((0..entropy.below(5)).map(|_| entropy.byte())),
        Kind::Id(length) if entropy.one_in(3) => {
            value.extend((0..length).map(|_| entropy.byte() | 1));
        }
        Kind::Id(_) => {}
        _ if spec.is_repeated() && !entropy.one_in(3) => {
            for _ in 0..entropy.below(4) {
                scalar(spec.kind, entropy, &mut value);
            }
        }
        _ => {
            tag(spec.number, spec.kind.wire_type(), entropy, out);
            scalar(spec.kind, entropy, out);
            return;
        }
    }
    tag(spec.number, WireType::Len, entropy, out);
    varint(value.len() as u64, entropy, out);
    out.extend_from_slice(&value);
}

fn tag(number: u32, wire_type: WireType, entropy: &mut Entropy<'_>, out: &mut Vec<u8>) {
    varint(u64::from(number) << 3 | wire_type as u64, entropy, out);
}

/// A varint that is sometimes longer than it needs to be.
fn varint(value: u64, entropy: &mut Entropy<'_>, out: &mut Vec<u8>) {
    put_varint(out, value);
    if entropy.one_in(10)
        && let Some(last) = out.last_mut()
    {
        *last |= 0x80;
        out.extend_from_slice(&[0x80, 0x00]);
    }
}

fn scalar(kind: Kind, entropy: &mut Entropy<'_>, out: &mut Vec<u8>) {
    const DOUBLES: [f64; 9] = [
        0.0,
        1.0,
        -2.5,
        1e300,
        1e-300,
        -0.0,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ];
    const INTEGERS: [i64; 9] = [
        0,
        1,
        300,
        -1,
        i64::MAX,
        i64::MIN,
        i32::MAX as i64,
        i32::MIN as i64,
        u32::MAX as i64,
    ];
    let integer = INTEGERS[entropy.below(INTEGERS.len())];
    match kind {
        Kind::Bool => out.push(entropy.byte() & 1),
        Kind::Enum(values) => put_varint(out, entropy.below(values.len()) as u64),
        Kind::Int32 => put_varint(out, i64::from(integer as i32) as u64),
        Kind::Int64 | Kind::Uint64 => put_varint(out, integer as u64),
        Kind::Uint32 | Kind::Sint32 => put_varint(out, u64::from(integer as u32)),
        Kind::Fixed32 => out.extend_from_slice(&(integer as u32).to_le_bytes()),
        Kind::Fixed64 | Kind::Sfixed64 => out.extend_from_slice(&integer.to_le_bytes()),
        Kind::Double => {
            let value = DOUBLES[entropy.below(DOUBLES.len())];
            out.extend_from_slice(&value.to_le_bytes());
        }
        Kind::Message(_) | Kind::String | Kind::Bytes | Kind::Id(_) => {}
    }
}

fn text(entropy: &mut Entropy<'_>) -> String {
    const PIECES: [&str; 8] = [
        "",
        "a",
        "key",
        "\u{e9}",
        "\"\\\n\u{1}",
        "\u{1f600}",
        "_",
        "long ",
    ];
    let mut text = String::new();
    for _ in 0..entropy.below(4) {
        text.push_str(PIECES[entropy.below(PIECES.len())]);
    }
    if entropy.one_in(20) {
        text = text.repeat(40);
    }
    text
}

fn unknown(entropy: &mut Entropy<'_>, out: &mut Vec<u8>) {
    let number = [17, 99, 2047, 536_870_911][entropy.below(4)];
    debug_assert_ne!(number, LEGACY_SCOPES);
    match entropy.below(5) {
        0 => {
            tag(number, WireType::Varint, entropy, out);
            out.push(1);
        }
        1 => {
            tag(number, WireType::Fixed64, entropy, out);
            out.extend_from_slice(&[7; 8]);
        }
        2 => {
            tag(number, WireType::Fixed32, entropy, out);
            out.extend_from_slice(&[7; 4]);
        }
        3 => {
            tag(number, WireType::Len, entropy, out);
            out.extend_from_slice(b"\x02\xff\x80");
        }
        _ => {
            // A group with one field; its end has wire type 4.
            tag(number, WireType::Group, entropy, out);
            out.extend_from_slice(&[0x08, 1]);
            put_varint(out, u64::from(number) << 3 | 4);
        }
    }
}

#[cfg(test)]
mod tests {
    use headwater_core::pdata::validate::validate_message;

    use super::*;

    #[test]
    fn every_message_is_valid() {
        let mut state = 1_u32;
        for round in 0..200 {
            let bytes: Vec<u8> = (0..round * 4)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 24) as u8
                })
                .collect();
            for message in Message::ALL {
                let made = arbitrary(message, &mut Entropy::new(&bytes));
                assert_eq!(
                    validate_message(message, &made, true),
                    Ok(()),
                    "{}",
                    message.name()
                );
            }
        }
    }

    #[test]
    fn no_decisions_make_an_empty_message() {
        assert!(arbitrary(Message::Span, &mut Entropy::new(&[])).is_empty());
    }
}
