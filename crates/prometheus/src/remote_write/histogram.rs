//! Native histograms, as both messages have them.

use headwater_core::pdata::wire::{
    Fields, WireError, WireType, put_len_field, put_tag, put_varint, read_varint,
};

/// Buckets that follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BucketSpan {
    /// The buckets left out before it; for the first span the index of its first bucket.
    pub offset: i32,
    /// How many buckets it has.
    pub length: u32,
}

/// The buckets of one sign.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Buckets {
    /// Which buckets there are.
    pub spans: Vec<BucketSpan>,
    /// Counts as differences, each from the one before: histograms of whole numbers.
    pub deltas: Vec<i64>,
    /// Counts as they are: histograms of floats.
    pub counts: Vec<f64>,
}

/// A count, in the kind of number that the histogram is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Count {
    /// A whole number.
    Int(u64),
    /// A float.
    Float(f64),
}

impl Count {
    /// The count as a float.
    #[must_use]
    pub const fn as_f64(self) -> f64 {
        match self {
            Self::Int(count) => count as f64,
            Self::Float(count) => count,
        }
    }
}

/// A native histogram.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// How many values.
    pub count: Count,
    /// Their sum.
    pub sum: f64,
    /// -4 to 8: bounds are powers of 2^(2^-schema). -53: bounds are [`Histogram::custom_values`].
    pub schema: i32,
    /// Up to which magnitude a value counts as zero.
    pub zero_threshold: f64,
    /// How many values are zero.
    pub zero_count: Count,
    /// Buckets of negative values.
    pub negative: Buckets,
    /// Buckets of positive values.
    pub positive: Buckets,
    /// 0 unknown, 1 yes, 2 no, 3 gauge.
    pub reset_hint: u64,
    /// Unit: milliseconds since 1970.
    pub timestamp: i64,
    /// The upper bounds of custom buckets.
    pub custom_values: Vec<f64>,
    /// Since when it is counted; 0 if nobody knows. Unit: milliseconds since 1970.
    pub start: i64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            count: Count::Int(0),
            sum: 0.0,
            schema: 0,
            zero_threshold: 0.0,
            zero_count: Count::Int(0),
            negative: Buckets::default(),
            positive: Buckets::default(),
            reset_hint: 0,
            timestamp: 0,
            custom_values: Vec::new(),
            start: 0,
        }
    }
}

const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

const fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

fn put_count(out: &mut Vec<u8>, int: u32, count: Count) {
    match count {
        Count::Int(count) => {
            put_tag(out, int, WireType::Varint);
            put_varint(out, count);
        }
        Count::Float(count) => put_double(out, int + 1, count),
    }
}

fn put_double(out: &mut Vec<u8>, number: u32, value: f64) {
    put_tag(out, number, WireType::Fixed64);
    out.extend_from_slice(&value.to_le_bytes());
}

fn put_doubles(out: &mut Vec<u8>, number: u32, values: &[f64]) {
    if !values.is_empty() {
        put_tag(out, number, WireType::Len);
        put_varint(out, 8 * values.len() as u64);
        for value in values {
            out.extend_from_slice(&value.to_le_bytes());
        }
    }
}

impl Buckets {
    fn put(&self, out: &mut Vec<u8>, first: u32) {
        let mut scratch = Vec::with_capacity(16);
        for span in &self.spans {
            scratch.clear();
            scratch.push(0x08);
            put_varint(&mut scratch, zigzag(i64::from(span.offset)));
            scratch.push(0x10);
            put_varint(&mut scratch, u64::from(span.length));
            put_len_field(out, first, &scratch);
        }
        if !self.deltas.is_empty() {
            scratch.clear();
            for delta in &self.deltas {
                put_varint(&mut scratch, zigzag(*delta));
            }
            put_len_field(out, first + 1, &scratch);
        }
        put_doubles(out, first + 2, &self.counts);
    }
}

impl Histogram {
    /// Appends the message without [`Histogram::start`], which only 2.0 has.
    pub fn put(&self, out: &mut Vec<u8>) {
        put_count(out, 1, self.count);
        put_double(out, 3, self.sum);
        put_tag(out, 4, WireType::Varint);
        put_varint(out, zigzag(i64::from(self.schema)));
        put_double(out, 5, self.zero_threshold);
        put_count(out, 6, self.zero_count);
        self.negative.put(out, 8);
        self.positive.put(out, 11);
        put_tag(out, 14, WireType::Varint);
        put_varint(out, self.reset_hint);
        put_tag(out, 15, WireType::Varint);
        put_varint(out, self.timestamp as u64);
        put_doubles(out, 16, &self.custom_values);
    }

    /// Reads a message.
    ///
    /// # Errors
    /// [`WireError`] if it is none.
    pub fn read(bytes: &[u8]) -> Result<Self, WireError> {
        let mut this = Self::default();
        for field in Fields::new(bytes) {
            let field = field?;
            let bits = field.bits(bytes);
            let content = field.bytes(bytes);
            let list = field.wire_type == WireType::Len;
            let deltas = |to: &mut Vec<i64>| {
                if list {
                    varints(content, |value| to.push(unzigzag(value)))
                } else {
                    to.push(unzigzag(bits));
                    Ok(())
                }
            };
            let doubles = |to: &mut Vec<f64>| {
                if list {
                    let (chunks, _) = content.as_chunks::<8>();
                    to.extend(chunks.iter().map(|chunk| f64::from_le_bytes(*chunk)));
                } else {
                    to.push(f64::from_bits(bits));
                }
            };
            match field.number {
                1 => this.count = Count::Int(bits),
                2 => this.count = Count::Float(f64::from_bits(bits)),
                3 => this.sum = f64::from_bits(bits),
                4 => this.schema = unzigzag(bits) as i32,
                5 => this.zero_threshold = f64::from_bits(bits),
                6 => this.zero_count = Count::Int(bits),
                7 => this.zero_count = Count::Float(f64::from_bits(bits)),
                8 => this.negative.spans.push(span(content)?),
                9 => deltas(&mut this.negative.deltas)?,
                10 => doubles(&mut this.negative.counts),
                11 => this.positive.spans.push(span(content)?),
                12 => deltas(&mut this.positive.deltas)?,
                13 => doubles(&mut this.positive.counts),
                14 => this.reset_hint = bits,
                15 => this.timestamp = bits as i64,
                16 => doubles(&mut this.custom_values),
                17 => this.start = bits as i64,
                _ => {}
            }
        }
        Ok(this)
    }
}

fn varints(content: &[u8], mut each: impl FnMut(u64)) -> Result<(), WireError> {
    let mut pos = 0;
    while pos < content.len() {
        each(read_varint(content, &mut pos)?);
    }
    Ok(())
}

fn span(bytes: &[u8]) -> Result<BucketSpan, WireError> {
    let mut span = BucketSpan::default();
    for field in Fields::new(bytes) {
        let field = field?;
        match field.number {
            1 => span.offset = unzigzag(field.bits(bytes)) as i32,
            2 => span.length = field.bits(bytes) as u32,
            _ => {}
        }
    }
    Ok(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histograms_survive_a_round_trip() {
        let histogram = Histogram {
            count: Count::Int(12),
            sum: -1.5,
            schema: -3,
            zero_threshold: 1e-128,
            zero_count: Count::Int(2),
            negative: Buckets {
                spans: vec![BucketSpan {
                    offset: -7,
                    length: 2,
                }],
                deltas: vec![3, -2],
                counts: Vec::new(),
            },
            positive: Buckets {
                spans: vec![
                    BucketSpan {
                        offset: 1,
                        length: 1,
                    },
                    BucketSpan {
                        offset: 4,
                        length: 1,
                    },
                ],
                deltas: vec![5, -4],
                counts: Vec::new(),
            },
            reset_hint: 2,
            timestamp: 1_700_000_000_123,
            custom_values: vec![0.5, 1.0],
            start: 0,
        };
        let mut bytes = Vec::new();
        histogram.put(&mut bytes);
        assert_eq!(Histogram::read(&bytes).unwrap(), histogram);
        let floats = Histogram {
            count: Count::Float(1.5),
            zero_count: Count::Float(0.5),
            positive: Buckets {
                spans: vec![BucketSpan {
                    offset: 0,
                    length: 1,
                }],
                deltas: Vec::new(),
                counts: vec![1.0],
            },
            ..Histogram::default()
        };
        bytes.clear();
        floats.put(&mut bytes);
        assert_eq!(Histogram::read(&bytes).unwrap(), floats);
    }
}
