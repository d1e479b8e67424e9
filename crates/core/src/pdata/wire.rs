//! Protobuf wire format: varints, tags and a walker over the fields of a message.
//!
//! Everything above this module works on the bytes that arrived; a field is a tag, a wire type
//! and a range. Source: protobuf encoding specification, "Message Structure".

use thiserror::Error;

/// Why bytes are not a protobuf message of the expected shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WireError {
    /// A varint, a fixed-width value or a length-delimited field runs past the end.
    #[error("message is truncated")]
    Truncated,
    /// A varint is longer than ten bytes or does not fit into 64 bits.
    #[error("varint is too long")]
    VarintTooLong,
    /// A tag has field number 0 or one beyond 2^29 - 1.
    #[error("field number {0} is not valid")]
    FieldNumber(u64),
    /// A tag has wire type 6 or 7, or an end-group without its start.
    #[error("wire type {0} is not valid")]
    WireType(u8),
    /// A known field has the wrong wire type.
    #[error("field {field} of {message} has wire type {found}")]
    Mismatch {
        /// The message's protobuf name.
        message: &'static str,
        /// The field number.
        field: u32,
        /// The wire type found.
        found: u8,
    },
    /// A trace id that is neither 0 nor 16 bytes long, or a span id that is neither 0 nor 8.
    #[error("{field} is {length} bytes long, want {want}")]
    IdLength {
        /// `trace_id`, `span_id` or `parent_span_id`.
        field: &'static str,
        /// The bytes found.
        length: usize,
        /// The bytes wanted.
        want: usize,
    },
    /// Groups, lists or maps are nested deeper than [`MAX_DEPTH`].
    #[error("message is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// A message of 4 GiB or more, where it has to be edited.
    #[error("message is 4 GiB long or longer")]
    TooLong,
    /// A string field is not valid UTF-8 (only checked at the strict level).
    #[error("string is not valid UTF-8")]
    Utf8,
}

/// How deep messages, groups and attribute values may nest.
pub const MAX_DEPTH: usize = 100;

/// A wire type that can follow a tag (groups are skipped by the walker, never returned).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum WireType {
    /// Wire type 0.
    Varint = 0,
    /// Wire type 1.
    Fixed64 = 1,
    /// Wire type 2.
    Len = 2,
    /// Wire type 3 and 4, as one skipped range.
    Group = 3,
    /// Wire type 5.
    Fixed32 = 5,
}

/// Reads a varint at `*pos` and moves `*pos` behind it.
///
/// # Errors
/// [`WireError::Truncated`] at the end of `buf`, [`WireError::VarintTooLong`] beyond 64 bits.
#[inline]
pub fn read_varint(buf: &[u8], pos: &mut usize) -> Result<u64, WireError> {
    match buf.get(*pos) {
        Some(&byte) if byte < 0x80 => {
            *pos += 1;
            Ok(u64::from(byte))
        }
        Some(_) => read_varint_slow(buf, pos),
        None => Err(WireError::Truncated),
    }
}

fn read_varint_slow(buf: &[u8], pos: &mut usize) -> Result<u64, WireError> {
    let mut value = 0_u64;
    let mut at = *pos;
    for shift in 0..10 {
        let Some(&byte) = buf.get(at) else {
            return Err(WireError::Truncated);
        };
        at += 1;
        if shift == 9 && byte > 1 {
            return Err(WireError::VarintTooLong);
        }
        value |= u64::from(byte & 0x7f) << (shift * 7);
        if byte < 0x80 {
            *pos = at;
            return Ok(value);
        }
    }
    Err(WireError::VarintTooLong)
}

/// Appends `value` as a varint in its shortest form.
#[inline]
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value as u8) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// How many bytes [`put_varint`] writes for `value`: 1 to 10.
#[inline]
#[must_use]
pub const fn varint_len(value: u64) -> usize {
    // 9/64 approximates 1/7 closely enough for all 64 widths.
    ((63 - (value | 1).leading_zeros() as usize) * 9 + 73) / 64
}

/// Appends the tag of field `number` with `wire_type`.
#[inline]
pub fn put_tag(out: &mut Vec<u8>, number: u32, wire_type: WireType) {
    put_varint(out, (u64::from(number) << 3) | wire_type as u64);
}

/// Appends a length-delimited field.
#[inline]
pub fn put_len_field(out: &mut Vec<u8>, number: u32, value: &[u8]) {
    put_tag(out, number, WireType::Len);
    put_varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

/// One field as it stands in the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The field number, 1 to 2^29 - 1.
    pub number: u32,
    /// How the value is encoded.
    pub wire_type: WireType,
    /// Where the tag begins.
    pub start: usize,
    /// Where the value begins (behind tag and, for [`WireType::Len`], the length).
    pub value: usize,
    /// Where the field ends; the next field begins here.
    pub end: usize,
}

impl Field {
    /// The value's bytes: the payload of a length-delimited field, the raw varint or fixed value.
    #[inline]
    #[must_use]
    pub fn bytes<'a>(&self, buf: &'a [u8]) -> &'a [u8] {
        &buf[self.value..self.end]
    }

    /// The whole field, tag included.
    #[inline]
    #[must_use]
    pub fn raw<'a>(&self, buf: &'a [u8]) -> &'a [u8] {
        &buf[self.start..self.end]
    }

    /// The value of a varint or fixed-width field as its 64 raw bits; 0 for the other types.
    #[inline]
    #[must_use]
    pub fn bits(&self, buf: &[u8]) -> u64 {
        let bytes = self.bytes(buf);
        match self.wire_type {
            WireType::Varint => read_varint(bytes, &mut 0).unwrap_or(0),
            WireType::Fixed64 => bytes.try_into().map_or(0, u64::from_le_bytes),
            WireType::Fixed32 => bytes
                .try_into()
                .map_or(0, |b| u64::from(u32::from_le_bytes(b))),
            WireType::Len | WireType::Group => 0,
        }
    }
}

/// Reads the field at `*pos` and moves `*pos` behind it; `None` at the end of `buf`.
///
/// # Errors
/// Any [`WireError`] that framing alone can show.
#[inline]
pub fn read_field(buf: &[u8], pos: &mut usize) -> Result<Option<Field>, WireError> {
    let start = *pos;
    // Short fields with a short tag are nearly all there are. They are read inline, so that the
    // field stays in registers; the result of a call would go through memory.
    if let Some([tag, length, ..]) = buf.get(start..)
        && *tag & 0x87 == WireType::Len as u8
        && *tag > 7
        && *length < 0x80
    {
        let value = start + 2;
        let end = value + usize::from(*length);
        if end <= buf.len() {
            *pos = end;
            let number = u32::from(*tag >> 3);
            return Ok(Some(Field {
                number,
                wire_type: WireType::Len,
                start,
                value,
                end,
            }));
        }
    }
    read_any_field(buf, pos)
}

/// [`read_field`] without a short cut.
fn read_any_field(buf: &[u8], pos: &mut usize) -> Result<Option<Field>, WireError> {
    let start = *pos;
    if start >= buf.len() {
        return Ok(None);
    }
    let tag = read_varint(buf, pos)?;
    let number = tag >> 3;
    if number == 0 || number > 0x1fff_ffff {
        return Err(WireError::FieldNumber(number));
    }
    let number = number as u32;
    let mut value = *pos;
    let (wire_type, end) = match tag & 7 {
        0 => {
            let mut at = value;
            read_varint(buf, &mut at)?;
            (WireType::Varint, at)
        }
        1 => (WireType::Fixed64, checked_end(buf, value, 8)?),
        2 => {
            let mut at = value;
            let length = read_varint(buf, &mut at)?;
            value = at;
            (WireType::Len, checked_end(buf, at, length)?)
        }
        3 => (WireType::Group, skip_group(buf, value, number)?),
        5 => (WireType::Fixed32, checked_end(buf, value, 4)?),
        other => return Err(WireError::WireType(other as u8)),
    };
    *pos = end;
    Ok(Some(Field {
        number,
        wire_type,
        start,
        value,
        end,
    }))
}

#[inline]
fn checked_end(buf: &[u8], at: usize, length: u64) -> Result<usize, WireError> {
    if length > (buf.len() - at) as u64 {
        return Err(WireError::Truncated);
    }
    Ok(at + length as usize)
}

/// Skips a group without recursion: `open` is the stack of group numbers.
fn skip_group(buf: &[u8], mut pos: usize, number: u32) -> Result<usize, WireError> {
    let mut open = vec![number];
    while let Some(&innermost) = open.last() {
        let tag = read_varint(buf, &mut pos)?;
        let number = tag >> 3;
        if number == 0 || number > 0x1fff_ffff {
            return Err(WireError::FieldNumber(number));
        }
        match tag & 7 {
            0 => {
                read_varint(buf, &mut pos)?;
            }
            1 => pos = checked_end(buf, pos, 8)?,
            2 => {
                let length = read_varint(buf, &mut pos)?;
                pos = checked_end(buf, pos, length)?;
            }
            3 if open.len() >= MAX_DEPTH => return Err(WireError::TooDeep),
            3 => open.push(number as u32),
            4 if number as u32 == innermost => {
                open.pop();
            }
            5 => pos = checked_end(buf, pos, 4)?,
            other => return Err(WireError::WireType(other as u8)),
        }
    }
    Ok(pos)
}

/// Walks the fields of one message in wire order.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    buf: &'a [u8],
    pos: usize,
}

impl<'a> Fields<'a> {
    /// A walker over the message in `buf`.
    #[must_use]
    pub const fn new(buf: &'a [u8]) -> Self {
        Self { buf, pos: 0 }
    }
}

impl Iterator for Fields<'_> {
    type Item = Result<Field, WireError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match read_field(self.buf, &mut self.pos) {
            Ok(field) => field.map(Ok),
            Err(error) => {
                self.pos = self.buf.len();
                Some(Err(error))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_survive_a_round_trip_at_every_width() {
        for bits in 0..64 {
            for value in [1_u64 << bits, (1_u64 << bits) - 1, u64::MAX >> bits] {
                let mut out = Vec::new();
                put_varint(&mut out, value);
                assert_eq!(out.len(), varint_len(value), "{value}");
                let mut pos = 0;
                assert_eq!(read_varint(&out, &mut pos), Ok(value));
                assert_eq!(pos, out.len());
            }
        }
    }

    #[test]
    fn an_eleventh_byte_or_a_65th_bit_is_refused() {
        assert_eq!(
            read_varint(&[0xff; 11], &mut 0),
            Err(WireError::VarintTooLong)
        );
        let mut too_wide = [0xff; 10];
        too_wide[9] = 2;
        assert_eq!(
            read_varint(&too_wide, &mut 0),
            Err(WireError::VarintTooLong)
        );
        assert_eq!(read_varint(&[0x80], &mut 0), Err(WireError::Truncated));
    }

    #[test]
    fn a_length_beyond_the_buffer_is_truncated_and_ends_the_walk() {
        let mut fields = Fields::new(&[0x0a, 0x05, 1, 2]);
        assert_eq!(fields.next(), Some(Err(WireError::Truncated)));
        assert_eq!(fields.next(), None);
    }

    #[test]
    fn groups_are_skipped_whole_and_must_close() {
        // Field 3 as a group that holds a nested group, then field 1.
        let bytes = [0x1b, 0x23, 0x08, 0x01, 0x24, 0x1c, 0x08, 0x07];
        let fields: Result<Vec<_>, _> = Fields::new(&bytes).collect();
        let numbers: Vec<_> = fields
            .unwrap()
            .iter()
            .map(|f| (f.number, f.wire_type))
            .collect();
        assert_eq!(numbers, [(3, WireType::Group), (1, WireType::Varint)]);
        assert_eq!(
            Fields::new(&[0x1b, 0x24]).next(),
            Some(Err(WireError::WireType(4)))
        );
        assert_eq!(Fields::new(&[0x1b]).next(), Some(Err(WireError::Truncated)));
    }
}
