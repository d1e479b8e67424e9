//! A histogram with fixed bounds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug)]
struct Cells {
    bounds: &'static [f64],
    counts: Box<[AtomicU64]>,
    /// The sum as the bits of a double, updated by compare and swap.
    sum: AtomicU64,
}

/// A distribution; recording costs a search over the bounds and two atomic additions.
#[derive(Debug, Clone)]
pub struct Histogram(Arc<Cells>);

/// The state of a [`Histogram`] at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramSnapshot {
    /// Upper bounds, ascending; the last bucket has none.
    pub bounds: &'static [f64],
    /// Values per bucket (not cumulative), one more than bounds.
    pub counts: Vec<u64>,
    /// The sum of all values.
    pub sum: f64,
}

impl Histogram {
    pub(super) fn new(bounds: &'static [f64]) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self(Arc::new(Cells {
            bounds,
            counts,
            sum: AtomicU64::new(0),
        }))
    }

    /// Records one value; a value equal to a bound belongs to the bucket below it.
    pub fn record(&self, value: f64) {
        let bucket = self.0.bounds.partition_point(|bound| *bound < value);
        self.0.counts[bucket].fetch_add(1, Ordering::Relaxed);
        let add = |bits: u64| Some((f64::from_bits(bits) + value).to_bits());
        self.0
            .sum
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add)
            .ok();
    }

    pub(super) fn read(&self) -> HistogramSnapshot {
        HistogramSnapshot {
            bounds: self.0.bounds,
            counts: self
                .0
                .counts
                .iter()
                .map(|count| count.load(Ordering::Relaxed))
                .collect(),
            sum: f64::from_bits(self.0.sum.load(Ordering::Relaxed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_on_a_bound_belongs_to_the_bucket_below() {
        let histogram = Histogram::new(&[1.0, 10.0]);
        for value in [0.5, 1.0, 1.5, 10.0, 11.0] {
            histogram.record(value);
        }
        let read = histogram.read();
        assert_eq!(read.counts, [2, 2, 1]);
        assert!((read.sum - 24.0).abs() < 1e-9);
    }
}
