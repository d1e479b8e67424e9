//! Distributions of durations, with explicit or exponential buckets.

use crate::point::{Common, Kind, put_exponential, put_histogram};
use crate::{ExponentialHistogram, bucket_of};

/// The upper bounds that durations have by default, as in the Collector. Unit: milliseconds.
pub const DURATION_BOUNDS: [u32; 16] = [
    2, 4, 6, 8, 10, 50, 100, 200, 400, 800, 1000, 1400, 2000, 5000, 10_000, 15_000,
];

/// What the distributions of a metric look like.
#[derive(Debug)]
pub enum Buckets {
    /// There are none.
    None,
    /// Upper bounds, inclusive and ascending.
    Explicit(Box<[f64]>),
    /// At most so many.
    Exponential(i32),
}

/// A distribution.
#[derive(Debug)]
pub enum Distribution {
    /// There is none.
    None,
    /// Counts per bucket, one more than there are bounds.
    Explicit {
        /// How many values each bucket has.
        counts: Box<[u64]>,
        /// The sum of all values.
        sum: f64,
    },
    /// Buckets that find their own bounds.
    Exponential(Box<ExponentialHistogram>),
}

impl Buckets {
    /// A distribution without values.
    #[must_use]
    pub fn empty(&self) -> Distribution {
        match self {
            Self::None => Distribution::None,
            Self::Explicit(bounds) => Distribution::Explicit {
                counts: vec![0; bounds.len() + 1].into(),
                sum: 0.0,
            },
            Self::Exponential(max_size) => {
                Distribution::Exponential(Box::new(ExponentialHistogram::new(*max_size)))
            }
        }
    }

    /// The kind of metric; `None` if there are no distributions.
    #[must_use]
    pub const fn kind(&self) -> Option<Kind> {
        match self {
            Self::None => None,
            Self::Explicit(_) => Some(Kind::Histogram),
            Self::Exponential(_) => Some(Kind::ExponentialHistogram),
        }
    }
}

impl Distribution {
    /// Counts `value` `times` times. `buckets` is what the distribution was made with.
    #[inline]
    pub fn record(&mut self, value: f64, times: u64, buckets: &Buckets) {
        match (self, buckets) {
            (Self::Explicit { counts, sum }, Buckets::Explicit(bounds)) => {
                *sum += value * times as f64;
                if let Some(count) = counts.get_mut(bucket_of(bounds, value)) {
                    *count = count.wrapping_add(times);
                }
            }
            (Self::Exponential(histogram), _) => histogram.record(value, times),
            _ => {}
        }
    }

    /// Appends its point. `buckets` is what it was made with.
    pub fn put(&self, out: &mut Vec<u8>, common: &Common<'_>, buckets: &Buckets) {
        match (self, buckets) {
            (Self::Explicit { counts, sum }, Buckets::Explicit(bounds)) => {
                put_histogram(out, common, bounds, counts, *sum);
            }
            (Self::Exponential(histogram), _) => put_exponential(out, common, histogram),
            _ => {}
        }
    }
}
