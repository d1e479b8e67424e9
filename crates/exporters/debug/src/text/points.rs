//! Exponential buckets with their bounds.

use headwater_core::pdata::view::{Buckets, ExponentialHistogramDataPoint};

/// A bucket of magnitudes from `lower` to `upper`.
pub(super) struct Bucket {
    pub(super) lower: f64,
    pub(super) upper: f64,
    pub(super) count: u64,
}

/// The buckets of negative values, the lowest values (largest magnitudes) first.
pub(super) fn negative_buckets(point: &ExponentialHistogramDataPoint<'_>) -> Vec<Bucket> {
    let mut buckets = buckets(point.negative(), point.scale());
    buckets.reverse();
    buckets
}

/// The buckets of positive values, ascending.
pub(super) fn positive_buckets(point: &ExponentialHistogramDataPoint<'_>) -> Vec<Bucket> {
    buckets(point.positive(), point.scale())
}

fn buckets(buckets: Buckets<'_>, scale: i32) -> Vec<Bucket> {
    // The logarithm of the base: ln(2) / 2^scale. Bounds beyond what a double holds are infinite.
    let factor = std::f64::consts::LN_2 * (-f64::from(scale)).exp2();
    let offset = f64::from(buckets.offset());
    let counts = buckets.bucket_counts().enumerate();
    counts
        .map(|(index, count)| {
            let index = offset + index as f64;
            Bucket {
                lower: (index * factor).exp(),
                upper: ((index + 1.0) * factor).exp(),
                count,
            }
        })
        .collect()
}
