//! How the fields of the structs are read and written.

use bytes::Bytes;

use super::text::Text;
use crate::pdata::edit::put_nested;
use crate::pdata::schema::LEGACY_SCOPES;
use crate::pdata::wire::{
    Field, Fields, MAX_DEPTH, WireError, WireType, put_len_field, put_tag, put_varint, read_field,
    read_varint,
};

/// Fields of a message that this program does not know, as they came.
#[expect(
    clippy::box_collection,
    reason = "most messages have none; a pointer is smaller"
)]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unknown(Option<Box<Vec<u8>>>);

impl Unknown {
    /// The fields, one after the other.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_ref().map_or(&[], |fields| fields)
    }

    pub(super) fn push(&mut self, field: &[u8]) {
        self.0.get_or_insert_default().extend_from_slice(field);
    }

    /// Forgets the deprecated lists of scopes, which have become today's.
    pub(super) fn remove_legacy_scopes(&mut self) {
        let Some(fields) = self.0.take() else {
            return;
        };
        for field in Fields::new(&fields).flatten() {
            if field.number != LEGACY_SCOPES {
                self.push(field.raw(&fields));
            }
        }
    }
}

/// What a message is decoded from.
#[derive(Clone, Copy)]
pub(in crate::pdata) struct Source<'a> {
    /// The buffer that strings become slices of.
    buffer: &'a Bytes,
    depth: usize,
}

impl<'a> Source<'a> {
    pub(in crate::pdata) const fn new(buffer: &'a Bytes) -> Self {
        Self { buffer, depth: 0 }
    }

    /// `bytes`, which lie in the buffer, as a slice of it.
    pub(super) fn slice(self, bytes: &[u8]) -> Bytes {
        self.buffer.slice_ref(bytes)
    }

    /// The same for a message one level deeper.
    pub(super) fn deeper(self) -> Result<Self, WireError> {
        if self.depth >= MAX_DEPTH {
            return Err(WireError::TooDeep);
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

/// A message that can be read and written.
pub(in crate::pdata) trait Codec: Default {
    /// Its protobuf name.
    const NAME: &'static str;

    /// Takes in one field; false if it is not known.
    fn merge_field(
        &mut self,
        field: &Field,
        bytes: &[u8],
        source: Source<'_>,
    ) -> Result<bool, WireError>;

    /// What is not known.
    fn unknown(&mut self) -> &mut Unknown;

    /// Appends the fields.
    fn put(&self, out: &mut Vec<u8>);

    /// Called after all fields of `bytes` have been taken in.
    fn merged(&mut self, bytes: &[u8], source: Source<'_>) -> Result<(), WireError> {
        let _ = (bytes, source);
        Ok(())
    }

    /// Takes in the fields in `bytes`, which lie in the buffer of `source`.
    fn merge(&mut self, bytes: &[u8], source: Source<'_>) -> Result<(), WireError> {
        let mut pos = 0;
        while let Some(field) = read_field(bytes, &mut pos)? {
            if !self.merge_field(&field, bytes, source)? {
                self.unknown().push(field.raw(bytes));
            }
        }
        self.merged(bytes, source)
    }
}

/// Refuses a known field of the wrong type.
pub(super) fn expect<T: Codec>(field: &Field, wanted: WireType) -> Result<(), WireError> {
    if field.wire_type == wanted {
        return Ok(());
    }
    Err(WireError::Mismatch {
        message: T::NAME,
        field: field.number,
        found: field.wire_type as u8,
    })
}

pub(super) fn bits<T: Codec>(
    field: &Field,
    bytes: &[u8],
    wanted: WireType,
) -> Result<u64, WireError> {
    expect::<T>(field, wanted)?;
    Ok(field.bits(bytes))
}

/// Takes in numbers of `wanted` type, packed or single.
pub(super) fn numbers<T: Codec>(
    field: &Field,
    bytes: &[u8],
    wanted: WireType,
    mut push: impl FnMut(u64),
) -> Result<(), WireError> {
    if field.wire_type != WireType::Len {
        push(bits::<T>(field, bytes, wanted)?);
        return Ok(());
    }
    let packed = field.bytes(bytes);
    if wanted == WireType::Varint {
        let mut pos = 0;
        while pos < packed.len() {
            push(read_varint(packed, &mut pos)?);
        }
        return Ok(());
    }
    let (numbers, rest) = packed.as_chunks();
    if !rest.is_empty() {
        return Err(WireError::Truncated);
    }
    numbers
        .iter()
        .for_each(|number| push(u64::from_le_bytes(*number)));
    Ok(())
}

/// Takes in one more message of a repeated field.
pub(super) fn push_message<T: Codec>(
    list: &mut Vec<T>,
    bytes: &[u8],
    source: Source<'_>,
) -> Result<(), WireError> {
    let mut message = T::default();
    message.merge(bytes, source.deeper()?)?;
    list.push(message);
    Ok(())
}

/// The lists of scopes of the deprecated field, where there are none in today's.
pub(super) fn legacy_scopes<T: Codec>(
    list: &mut Vec<T>,
    unknown: &mut Unknown,
    bytes: &[u8],
    source: Source<'_>,
) -> Result<(), WireError> {
    if !list.is_empty() || unknown.as_bytes().is_empty() {
        return Ok(());
    }
    for field in Fields::new(bytes) {
        let field = field?;
        if field.number == LEGACY_SCOPES && field.wire_type == WireType::Len {
            push_message(list, field.bytes(bytes), source)?;
        }
    }
    if !list.is_empty() {
        unknown.remove_legacy_scopes();
    }
    Ok(())
}

// === writing ===

pub(super) fn put_text(out: &mut Vec<u8>, number: u32, text: &Text) {
    put_bytes(out, number, text.as_bytes());
}

pub(super) fn put_bytes(out: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    if !bytes.is_empty() {
        put_len_field(out, number, bytes);
    }
}

pub(super) fn put_number(out: &mut Vec<u8>, number: u32, value: u64) {
    if value != 0 {
        put_tag(out, number, WireType::Varint);
        put_varint(out, value);
    }
}

pub(super) fn put_fixed32(out: &mut Vec<u8>, number: u32, value: u32) {
    if value != 0 {
        put_tag(out, number, WireType::Fixed32);
        out.extend_from_slice(&value.to_le_bytes());
    }
}

pub(super) fn put_fixed64(out: &mut Vec<u8>, number: u32, value: u64) {
    if value != 0 {
        put_present(out, number, value);
    }
}

/// A number of eight bytes that is written even if it is 0.
pub(super) fn put_present(out: &mut Vec<u8>, number: u32, value: u64) {
    put_tag(out, number, WireType::Fixed64);
    out.extend_from_slice(&value.to_le_bytes());
}

pub(super) fn put_message(out: &mut Vec<u8>, number: u32, message: &impl Codec) {
    put_nested(out, number, |out| message.put(out));
}

pub(super) fn put_packed<T: Copy>(
    out: &mut Vec<u8>,
    number: u32,
    values: &[T],
    put: impl Fn(&mut Vec<u8>, T),
) {
    if !values.is_empty() {
        put_nested(out, number, |out| {
            values.iter().for_each(|value| put(out, *value))
        });
    }
}

pub(super) const fn from_zigzag(bits: u64) -> i32 {
    let bits = bits as u32;
    (bits >> 1) as i32 ^ -((bits & 1) as i32)
}

pub(super) const fn to_zigzag(value: i32) -> u64 {
    ((value << 1) ^ (value >> 31)) as u32 as u64
}
