//! Metrics and points as OTLP bytes. Field numbers: opentelemetry-proto, as in
//! [`headwater_core::pdata::schema`].

use headwater_core::pdata::edit::{EncodeValue, put_nested};
use headwater_core::pdata::wire::{
    Fields, WireType, put_len_field, put_tag, put_varint, varint_len,
};

use crate::ExponentialHistogram;

/// From when a sum or histogram counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Temporality {
    /// Since the point before.
    Delta = 1,
    /// Since the start.
    Cumulative = 2,
}

/// What the points of a metric are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A sum that only grows.
    Sum,
    /// Distributions with explicit bounds.
    Histogram,
    /// Distributions with exponential buckets.
    ExponentialHistogram,
}

impl Kind {
    /// The field of a metric that holds its data.
    const fn data(self) -> u32 {
        match self {
            Self::Sum => 7,
            Self::Histogram => 9,
            Self::ExponentialHistogram => 10,
        }
    }

    const fn attributes(self) -> u32 {
        match self {
            Self::Sum => 7,
            Self::Histogram => 9,
            Self::ExponentialHistogram => 1,
        }
    }

    const fn exemplars(self) -> u32 {
        match self {
            Self::Sum => 5,
            Self::Histogram => 8,
            Self::ExponentialHistogram => 11,
        }
    }
}

/// What a metric is called.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    /// The name.
    pub name: &'a str,
    /// The unit; empty if there is none.
    pub unit: &'a str,
    /// The kind of its points.
    pub kind: Kind,
    /// Of all its points.
    pub temporality: Temporality,
}

/// Appends a metric, whose points `points` appends with [`put_point`] as field 1 of its data.
/// Monotonic, if it is a sum.
pub fn put_metric(out: &mut Vec<u8>, header: &Header<'_>, points: impl FnOnce(&mut Vec<u8>)) {
    put_nested(out, 2, |out| {
        put_text(out, 1, header.name);
        put_text(out, 3, header.unit);
        put_nested(out, header.kind.data(), |out| {
            points(out);
            put_number(out, 2, header.temporality as u64);
            if header.kind == Kind::Sum {
                put_number(out, 3, 1);
            }
        });
    });
}

/// An example of what was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exemplar {
    /// The trace.
    pub trace_id: [u8; 16],
    /// The span; none if all are 0.
    pub span_id: [u8; 8],
    /// What was measured.
    pub value: f64,
}

/// What every point has.
#[derive(Debug, Clone, Copy)]
pub struct Common<'a> {
    /// The attributes as [`AttributeList`] keeps them.
    pub attributes: &'a [u8],
    /// Since when. Unit: nanoseconds since 1970.
    pub start: u64,
    /// Unit: nanoseconds since 1970.
    pub time: u64,
    /// Examples; their time is the point's.
    pub exemplars: &'a [Exemplar],
}

/// How long the attributes of one series may be together; what has longer ones has no series of its
/// own, so that nobody fills the memory with a few spans. Far more than backends take: a label's
/// value is 2048 bytes at most where Mimir's limits are the default ones. Unit: bytes.
pub const LONGEST_SERIES: usize = 16 << 10;

/// The same for the attributes of a resource that metrics go out with. Unit: bytes.
pub const LONGEST_RESOURCE: usize = 64 << 10;

/// Attributes in their encoded form, ready to be copied into points of any kind.
#[derive(Debug, Clone, Default)]
pub struct AttributeList(Vec<u8>);

impl AttributeList {
    /// Adds an attribute.
    pub fn push(&mut self, key: &[u8], value: &(impl EncodeValue + ?Sized)) {
        put_nested(&mut self.0, 1, |out| {
            put_len_field(out, 1, key);
            put_nested(out, 2, |out| value.encode_value(out));
        });
    }

    /// Adds an attribute unless that makes the list longer than `most` bytes.
    pub fn push_within(&mut self, most: usize, key: &[u8], value: &(impl EncodeValue + ?Sized)) {
        let before = self.0.len();
        self.push(key, value);
        if self.0.len() > most {
            self.0.truncate(before);
            self.0.shrink_to(most);
        }
    }

    /// The bytes: attributes as field 1 of a message.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, to be kept.
    #[must_use]
    pub fn into_boxed(self) -> Box<[u8]> {
        self.0.into()
    }
}

/// The attributes of the series that counts what has no series of its own.
#[must_use]
pub fn overflow() -> Box<[u8]> {
    let mut list = AttributeList::default();
    list.push(b"otel.metric.overflow", &true);
    list.into_boxed()
}

/// A name as Tempo's metrics-generator makes labels of names: `_` for everything but ASCII letters
/// and digits.
#[must_use]
pub fn tempo_label(name: &str) -> String {
    name.replace(|c: char| !c.is_ascii_alphanumeric(), "_")
}

/// Appends the point of a sum.
pub fn put_sum(out: &mut Vec<u8>, common: &Common<'_>, value: u64) {
    put_point(out, Kind::Sum, common, |out| {
        put_fixed64(out, 6, value);
    });
}

/// Appends the point of a histogram: `counts` has one more than `bounds`.
pub fn put_histogram(
    out: &mut Vec<u8>,
    common: &Common<'_>,
    bounds: &[f64],
    counts: &[u64],
    sum: f64,
) {
    put_point(out, Kind::Histogram, common, |out| {
        put_fixed64(out, 4, counts.iter().sum());
        put_double(out, 5, sum);
        put_packed64(out, 6, counts.iter().copied());
        put_packed64(out, 7, bounds.iter().map(|bound| bound.to_bits()));
    });
}

/// Appends the point of an exponential histogram.
pub fn put_exponential(out: &mut Vec<u8>, common: &Common<'_>, histogram: &ExponentialHistogram) {
    put_point(out, Kind::ExponentialHistogram, common, |out| {
        put_fixed64(out, 4, histogram.count());
        put_double(out, 5, histogram.sum());
        put_signed(out, 6, histogram.scale());
        put_fixed64(out, 7, histogram.zero_count());
        put_buckets(out, 8, histogram.offset(), histogram.buckets());
        if histogram.count() > 0 {
            put_double(out, 12, histogram.min());
            put_double(out, 13, histogram.max());
        }
    });
}

/// Appends exponential buckets as field `number`; nothing if there are none.
pub fn put_buckets(out: &mut Vec<u8>, number: u32, offset: i32, counts: &[u64]) {
    if offset == 0 && counts.is_empty() {
        return;
    }
    put_nested(out, number, |out| {
        put_signed(out, 1, offset);
        if !counts.is_empty() {
            let length: usize = counts.iter().map(|count| varint_len(*count)).sum();
            put_tag(out, 2, WireType::Len);
            put_varint(out, length as u64);
            for count in counts {
                put_varint(out, *count);
            }
        }
    });
}

fn put_point(out: &mut Vec<u8>, kind: Kind, common: &Common<'_>, value: impl FnOnce(&mut Vec<u8>)) {
    put_nested(out, 1, |out| {
        for field in Fields::new(common.attributes).flatten() {
            put_len_field(out, kind.attributes(), field.bytes(common.attributes));
        }
        put_fixed64(out, 2, common.start);
        put_fixed64(out, 3, common.time);
        value(out);
        for exemplar in common.exemplars {
            put_nested(out, kind.exemplars(), |out| {
                put_fixed64(out, 2, common.time);
                put_double(out, 3, exemplar.value);
                if exemplar.span_id != [0; 8] {
                    put_len_field(out, 4, &exemplar.span_id);
                }
                put_len_field(out, 5, &exemplar.trace_id);
            });
        }
    });
}

/// Appends a string; nothing if it is empty.
pub fn put_text(out: &mut Vec<u8>, number: u32, text: &str) {
    if !text.is_empty() {
        put_len_field(out, number, text.as_bytes());
    }
}

/// Appends a varint.
pub fn put_number(out: &mut Vec<u8>, number: u32, value: u64) {
    put_tag(out, number, WireType::Varint);
    put_varint(out, value);
}

/// Appends a zigzag varint; nothing if it is 0.
pub fn put_signed(out: &mut Vec<u8>, number: u32, value: i32) {
    if value != 0 {
        put_number(
            out,
            number,
            u64::from((value.cast_unsigned() << 1) ^ (value >> 31).cast_unsigned()),
        );
    }
}

/// Appends a fixed64.
pub fn put_fixed64(out: &mut Vec<u8>, number: u32, value: u64) {
    put_tag(out, number, WireType::Fixed64);
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends a double, also 0.
pub fn put_double(out: &mut Vec<u8>, number: u32, value: f64) {
    put_fixed64(out, number, value.to_bits());
}

/// Appends a packed list of fixed64 or double values; nothing if it is empty.
pub fn put_packed64(out: &mut Vec<u8>, number: u32, bits: impl ExactSizeIterator<Item = u64>) {
    if bits.len() == 0 {
        return;
    }
    put_tag(out, number, WireType::Len);
    put_varint(out, bits.len() as u64 * 8);
    for value in bits {
        out.extend_from_slice(&value.to_le_bytes());
    }
}
