//! `hash`: the SHA-256 of a value in its place.

use headwater_core::pdata::edit::EncodeValue;
use headwater_core::pdata::view::{AnyValue, Text};
use sha2::{Digest, Sha256};

/// A hash in hexadecimal, or nothing.
pub(super) struct Hash(Option<[u8; 64]>);

impl EncodeValue for Hash {
    fn encode_value(&self, out: &mut Vec<u8>) {
        Text::new(self.0.as_ref().map_or(&[], |digits| digits)).encode_value(out);
    }
}

/// The hash as lower-case hexadecimal text: of the bytes of a string, of one byte 1 or 0 for a
/// bool, of eight bytes, the lowest first, for a number. Empty text for everything else.
pub(super) fn hash(value: &AnyValue<'_>) -> Hash {
    Hash(match value {
        AnyValue::String(text) => Some(hex(text.as_bytes())),
        AnyValue::Bool(value) => Some(hex(&[u8::from(*value)])),
        AnyValue::Int(value) => Some(hex(&value.to_le_bytes())),
        AnyValue::Double(value) => Some(hex(&value.to_le_bytes())),
        AnyValue::Empty | AnyValue::Bytes(_) | AnyValue::Array(_) | AnyValue::Map(_) => None,
    })
}

/// The digits of the SHA-256 of `bytes`.
fn hex(bytes: &[u8]) -> [u8; 64] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut digits = [0; 64];
    for (pair, byte) in digits
        .as_chunks_mut::<2>()
        .0
        .iter_mut()
        .zip(Sha256::digest(bytes))
    {
        *pair = [
            DIGITS[usize::from(byte >> 4)],
            DIGITS[usize::from(byte & 0xf)],
        ];
    }
    digits
}
