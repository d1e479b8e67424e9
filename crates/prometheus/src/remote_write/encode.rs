//! Writing messages: each function appends one field to a buffer.

use headwater_core::pdata::wire::{WireType, put_len_field, put_tag, put_varint, varint_len};

use super::{Message, MetricType};

/// Field of a request that holds its series.
const fn series_field(message: Message) -> u32 {
    match message {
        Message::V1 => 1,
        Message::V2 => 5,
    }
}

/// Appends a series to a request, from the fields that the other functions wrote.
#[inline]
pub fn put_series(out: &mut Vec<u8>, message: Message, labels: &[u8], rest: &[u8]) {
    put_series_head(out, message, labels.len() + rest.len());
    out.extend_from_slice(labels);
    out.extend_from_slice(rest);
}

/// Appends what stands before the fields of a series, which are `length` bytes together.
#[inline]
pub fn put_series_head(out: &mut Vec<u8>, message: Message, length: usize) {
    put_tag(out, series_field(message), WireType::Len);
    put_varint(out, length as u64);
}

/// Appends a symbol to a request of 2.0. The first one must be empty.
pub fn put_symbol(out: &mut Vec<u8>, symbol: &str) {
    put_len_field(out, 4, symbol.as_bytes());
}

/// How long what [`put_symbol`] writes is.
#[must_use]
pub const fn symbol_len(symbol: &str) -> usize {
    1 + varint_len(symbol.len() as u64) + symbol.len()
}

/// Appends a label to a series (or an exemplar) of 1.0.
pub fn put_label(out: &mut Vec<u8>, name: &str, value: &str) {
    let length = 2
        + varint_len(name.len() as u64)
        + name.len()
        + varint_len(value.len() as u64)
        + value.len();
    out.push(0x0a);
    put_varint(out, length as u64);
    put_len_field(out, 1, name.as_bytes());
    put_len_field(out, 2, value.as_bytes());
}

/// Appends the labels of a series (or an exemplar) of 2.0: names and values by symbol.
pub fn put_refs(out: &mut Vec<u8>, refs: impl Iterator<Item = u32> + Clone) {
    let length: usize = refs
        .clone()
        .map(|symbol| varint_len(u64::from(symbol)))
        .sum();
    out.push(0x0a);
    put_varint(out, length as u64);
    for symbol in refs {
        put_varint(out, u64::from(symbol));
    }
}

/// Appends a sample to a series. `start` (2.0 only) is left out if it is 0. Unit of times:
/// milliseconds since 1970.
#[inline]
pub fn put_sample(out: &mut Vec<u8>, message: Message, bits: u64, timestamp: i64, start: i64) {
    let start = if message == Message::V1 { 0 } else { start };
    let mut length = 10 + varint_len(timestamp as u64);
    if start != 0 {
        length += 1 + varint_len(start as u64);
    }
    out.push(0x12);
    out.push(length as u8);
    out.push(0x09);
    out.extend_from_slice(&bits.to_le_bytes());
    out.push(0x10);
    put_varint(out, timestamp as u64);
    if start != 0 {
        out.push(0x18);
        put_varint(out, start as u64);
    }
}

/// Appends a histogram, encoded by [`super::Histogram::put`], to a series.
pub fn put_histogram(out: &mut Vec<u8>, message: Message, histogram: &[u8], start: i64) {
    let (field, start) = match message {
        Message::V1 => (4, 0),
        Message::V2 => (3, start),
    };
    let more = if start == 0 {
        0
    } else {
        2 + varint_len(start as u64)
    };
    put_tag(out, field, WireType::Len);
    put_varint(out, (histogram.len() + more) as u64);
    out.extend_from_slice(histogram);
    if start != 0 {
        put_tag(out, 17, WireType::Varint);
        put_varint(out, start as u64);
    }
}

/// Appends an exemplar, whose labels `put_labels` writes, to a series.
pub fn put_exemplar(
    out: &mut Vec<u8>,
    message: Message,
    bits: u64,
    timestamp: i64,
    put_labels: impl FnOnce(&mut Vec<u8>),
) {
    let mut labels = Vec::new();
    put_labels(&mut labels);
    let field = match message {
        Message::V1 => 3,
        Message::V2 => 4,
    };
    put_tag(out, field, WireType::Len);
    put_varint(
        out,
        (labels.len() + 10 + varint_len(timestamp as u64)) as u64,
    );
    out.extend_from_slice(&labels);
    out.push(0x11);
    out.extend_from_slice(&bits.to_le_bytes());
    out.push(0x18);
    put_varint(out, timestamp as u64);
}

/// Appends the metadata of a family to a request of 1.0.
pub fn put_family(out: &mut Vec<u8>, kind: MetricType, family: &str, help: &str, unit: &str) {
    let mut entry = vec![0x08, kind.number()];
    put_len_field(&mut entry, 2, family.as_bytes());
    put_len_field(&mut entry, 4, help.as_bytes());
    put_len_field(&mut entry, 5, unit.as_bytes());
    put_len_field(out, 3, &entry);
}

/// Appends metadata, whose texts are symbols, to a series of 2.0.
pub fn put_metadata(out: &mut Vec<u8>, kind: MetricType, help: u32, unit: u32) {
    let (help, unit) = (u64::from(help), u64::from(unit));
    out.push(0x2a);
    out.push((4 + varint_len(help) + varint_len(unit)) as u8);
    out.extend_from_slice(&[0x08, kind.number(), 0x18]);
    put_varint(out, help);
    out.push(0x20);
    put_varint(out, unit);
}
