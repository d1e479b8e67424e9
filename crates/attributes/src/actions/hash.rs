//! `hash`: the SHA-256 of a value in its place.

use headwater_core::pdata::edit::EncodedValue;
use headwater_core::pdata::view::AnyValue;
use sha2::{Digest, Sha256};

/// The hash as lower-case hexadecimal text: of the bytes of a string, of one byte 1 or 0 for a
/// bool, of eight bytes, the lowest first, for a number. Empty text for everything else.
pub(super) fn hash(value: &AnyValue<'_>) -> EncodedValue {
    let digest = match value {
        AnyValue::String(text) => Sha256::digest(text.as_bytes()),
        AnyValue::Bool(value) => Sha256::digest([u8::from(*value)]),
        AnyValue::Int(value) => Sha256::digest(value.to_le_bytes()),
        AnyValue::Double(value) => Sha256::digest(value.to_le_bytes()),
        AnyValue::Empty | AnyValue::Bytes(_) | AnyValue::Array(_) | AnyValue::Map(_) => {
            return EncodedValue::new("");
        }
    };
    EncodedValue::new(hex(&digest).as_str())
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value & 0xf)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(*byte)])
        .collect()
}
