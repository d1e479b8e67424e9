//! The message `Histogram`: classic, native or both.

use std::ops::Range;

use super::message::{Fields, timestamp};
use super::metric::{ExemplarsOut, exemplar};
use crate::exposition::error::Problem;
use crate::exposition::native::{Counts, NativeHistogram, Span};

/// A histogram, decoded into buffers that the next one reuses.
#[derive(Debug, Default)]
pub(super) struct HistogramMessage {
    count: u64,
    count_float: f64,
    pub sum: f64,
    pub buckets: Vec<Bucket>,
    /// Milliseconds; 0 if there is none.
    pub start: i64,
    schema: i32,
    zero_threshold: f64,
    zero_count: u64,
    zero_count_float: f64,
    pub positive: Side,
    pub negative: Side,
    /// Places in `Metric::exemplars`.
    pub exemplars: Vec<usize>,
}

/// A classic bucket.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    cumulative: u64,
    cumulative_float: f64,
    pub upper: f64,
    pub exemplar: Option<usize>,
}

/// The native buckets above or below zero.
#[derive(Debug, Default)]
pub(super) struct Side {
    pub spans: Vec<Span>,
    pub deltas: Vec<i64>,
    pub counts: Vec<f64>,
}

impl HistogramMessage {
    pub(super) fn clear(&mut self) {
        self.count = 0;
        self.count_float = 0.0;
        self.sum = 0.0;
        self.buckets.clear();
        self.start = 0;
        self.schema = 0;
        self.zero_threshold = 0.0;
        self.zero_count = 0;
        self.zero_count_float = 0.0;
        for side in [&mut self.positive, &mut self.negative] {
            side.spans.clear();
            side.deltas.clear();
            side.counts.clear();
        }
        self.exemplars.clear();
    }

    pub(super) fn read(
        &mut self,
        body: &[u8],
        range: Range<usize>,
        out: &mut ExemplarsOut<'_>,
    ) -> Result<(), Problem> {
        let mut fields = Fields::new(body, range, "Histogram");
        while let Some((number, field)) = fields.next()? {
            match number {
                1 => self.count = field.varint()?,
                2 => self.sum = field.double()?,
                3 => self.buckets.push(bucket(body, field.range()?, out)?),
                4 => self.count_float = field.double()?,
                5 => self.schema = field.sint32()?,
                6 => self.zero_threshold = field.double()?,
                7 => self.zero_count = field.varint()?,
                8 => self.zero_count_float = field.double()?,
                9 => self.negative.spans.push(span(body, field.range()?)?),
                10 => field.sint64s(&mut self.negative.deltas)?,
                11 => field.doubles(&mut self.negative.counts)?,
                12 => self.positive.spans.push(span(body, field.range()?)?),
                13 => field.sint64s(&mut self.positive.deltas)?,
                14 => field.doubles(&mut self.positive.counts)?,
                15 => self.start = timestamp(body, field.range()?)?,
                16 => self.exemplars.push(exemplar(body, field.range()?, out)?),
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether it has a native part. Source: reference section 1.3.
    pub(super) fn is_native(&self) -> bool {
        !self.positive.spans.is_empty()
            || !self.negative.spans.is_empty()
            || self.zero_threshold > 0.0
            || self.zero_count > 0
    }

    /// Whether the native part counts in floats.
    pub(super) fn is_float(&self) -> bool {
        self.count_float > 0.0 || self.zero_count_float > 0.0
    }

    /// All observations, for the classic form.
    pub(super) fn classic_count(&self) -> f64 {
        if self.count_float == 0.0 {
            return self.count as f64;
        }
        self.count_float
    }

    /// Whether spans and buckets go together; else the side, the buckets wanted and those there are.
    pub(super) fn check_spans(&self) -> Result<(), (&'static str, u64, usize)> {
        for (name, side) in [("positive", &self.positive), ("negative", &self.negative)] {
            let want = side.spans.iter().map(|span| u64::from(span.length)).sum();
            let have = if self.is_float() {
                side.counts.len()
            } else {
                side.deltas.len()
            };
            if want != have as u64 {
                return Err((name, want, have));
            }
        }
        Ok(())
    }

    pub(super) fn native(&self, gauge: bool) -> NativeHistogram<'_> {
        let counts = if self.is_float() {
            Counts::Float {
                count: self.count_float,
                zero_count: self.zero_count_float,
                positive: &self.positive.counts,
                negative: &self.negative.counts,
            }
        } else {
            Counts::Integer {
                count: self.count,
                zero_count: self.zero_count,
                positive: &self.positive.deltas,
                negative: &self.negative.deltas,
            }
        };
        NativeHistogram {
            gauge,
            schema: self.schema,
            zero_threshold: self.zero_threshold,
            sum: self.sum,
            positive_spans: &self.positive.spans,
            negative_spans: &self.negative.spans,
            counts,
            custom_bounds: &[],
        }
    }
}

impl Bucket {
    /// What is in this bucket and those below.
    pub(super) fn cumulative(&self) -> f64 {
        if self.cumulative_float == 0.0 {
            return self.cumulative as f64;
        }
        self.cumulative_float
    }
}

fn bucket(body: &[u8], range: Range<usize>, out: &mut ExemplarsOut<'_>) -> Result<Bucket, Problem> {
    let mut bucket = Bucket::default();
    let mut fields = Fields::new(body, range, "Bucket");
    while let Some((number, field)) = fields.next()? {
        match number {
            1 => bucket.cumulative = field.varint()?,
            2 => bucket.upper = field.double()?,
            3 => bucket.exemplar = Some(exemplar(body, field.range()?, out)?),
            4 => bucket.cumulative_float = field.double()?,
            _ => {}
        }
    }
    Ok(bucket)
}

fn span(body: &[u8], range: Range<usize>) -> Result<Span, Problem> {
    let mut span = Span::default();
    let mut fields = Fields::new(body, range, "BucketSpan");
    while let Some((number, field)) = fields.next()? {
        match number {
            1 => span.offset = field.sint32()?,
            2 => span.length = field.varint()? as u32,
            _ => {}
        }
    }
    Ok(span)
}
