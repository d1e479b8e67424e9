//! Writing.

use headwater_core::pdata::view::Text;
use headwater_core::pdata::wire::{WireType, put_len_field, put_tag, put_varint, varint_len};

/// Nanoseconds in a second.
const SECOND: i64 = 1_000_000_000;

/// The length of a length-delimited field with a tag of one byte.
const fn field_len(content: usize) -> usize {
    1 + varint_len(content as u64) + content
}

/// Appends the structured metadata `name` of an entry. What is not UTF-8 becomes U+FFFD.
pub fn put_metadata(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    let (name, value) = (Text::new(name).to_lossy(), Text::new(value).to_lossy());
    let (name, value) = (name.as_bytes(), value.as_bytes());
    put_tag(out, 3, WireType::Len);
    put_varint(out, (field_len(name.len()) + field_len(value.len())) as u64);
    put_len_field(out, 1, name);
    put_len_field(out, 2, value);
}

/// Appends an entry of a stream: nanoseconds since 1970, the line, and what [`put_metadata`] has
/// written. What is not UTF-8 becomes U+FFFD.
#[inline]
pub fn put_entry(out: &mut Vec<u8>, time: i64, line: &[u8], metadata: &[u8]) {
    let line = Text::new(line).to_lossy();
    let line = line.as_bytes();
    let seconds = time.div_euclid(SECOND) as u64;
    let nanos = time.rem_euclid(SECOND) as u64;
    let mut timestamp = 0;
    if seconds != 0 {
        timestamp += 1 + varint_len(seconds);
    }
    if nanos != 0 {
        timestamp += 1 + varint_len(nanos);
    }
    let length = field_len(timestamp) + field_len(line.len()) + metadata.len();
    out.reserve(length + 11);
    put_tag(out, 2, WireType::Len);
    put_varint(out, length as u64);
    put_tag(out, 1, WireType::Len);
    out.push(timestamp as u8);
    if seconds != 0 {
        put_tag(out, 1, WireType::Varint);
        put_varint(out, seconds);
    }
    if nanos != 0 {
        put_tag(out, 2, WireType::Varint);
        put_varint(out, nanos);
    }
    put_len_field(out, 2, line);
    out.extend_from_slice(metadata);
}

/// How many bytes [`put_stream_head`] writes, and the entries behind it.
#[must_use]
pub const fn stream_head_len(labels: &str, entries: usize) -> usize {
    field_len(field_len(labels.len()) + entries)
}

/// Appends the beginning of a stream; `entries` bytes of entries follow.
pub fn put_stream_head(out: &mut Vec<u8>, labels: &str, entries: usize) {
    put_tag(out, 1, WireType::Len);
    put_varint(out, (field_len(labels.len()) + entries) as u64);
    put_len_field(out, 1, labels.as_bytes());
}
