//! Exponential histograms that are added up.

use headwater_core::pdata::view::ExponentialHistogramDataPoint;

use crate::accumulator::{Extremes, joined};
use crate::range::Range;

/// A distribution with exponential buckets.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ExponentialPoint {
    pub(crate) count: u64,
    pub(crate) zero_count: u64,
    pub(crate) zero_threshold: f64,
    pub(crate) scale: i64,
    pub(crate) positive: Range,
    pub(crate) negative: Range,
    pub(crate) sum: Option<f64>,
    pub(crate) extremes: Extremes,
}

impl ExponentialPoint {
    pub(crate) fn read(point: &ExponentialHistogramDataPoint<'_>) -> Self {
        Self {
            count: point.count(),
            zero_count: point.zero_count(),
            zero_threshold: point.zero_threshold(),
            scale: i64::from(point.scale()),
            positive: Range::read(&point.positive()),
            negative: Range::read(&point.negative()),
            sum: point.sum(),
            extremes: Extremes {
                min: point.min(),
                max: point.max(),
            },
        }
    }

    /// Adds `other`.
    pub(crate) fn add(&mut self, mut other: Self) {
        let scale = self.scale.min(other.scale);
        self.downscale(scale);
        other.downscale(scale);
        let excess = self
            .positive
            .excess(&other.positive)
            .max(self.negative.excess(&other.negative));
        self.downscale(scale - excess);
        other.downscale(scale - excess);

        if self.zero_threshold < other.zero_threshold {
            self.widen_zero(other.zero_threshold);
        } else if other.zero_threshold < self.zero_threshold {
            other.widen_zero(self.zero_threshold);
        }
        self.positive.merge(other.positive);
        self.negative.merge(other.negative);
        self.count = self.count.wrapping_add(other.count);
        self.zero_count = self.zero_count.wrapping_add(other.zero_count);
        self.sum = joined(self.sum, other.sum, |a, b| a + b);
        self.extremes.add(other.extremes);
    }

    fn downscale(&mut self, scale: i64) {
        let times = self.scale - scale;
        self.positive.downscale(times);
        self.negative.downscale(times);
        self.scale = scale;
    }

    /// Lets everything up to `width` count as zero: up to the bound of the bucket that it falls
    /// into.
    fn widen_zero(&mut self, width: f64) {
        let last = index_of(width, self.scale);
        for range in [&mut self.positive, &mut self.negative] {
            self.zero_count = self.zero_count.wrapping_add(range.take_up_to(last));
        }
        let inverse = std::f64::consts::LN_2 * power_of_two(-self.scale);
        self.zero_threshold = ((last + 1) as f64 * inverse).exp();
    }
}

/// 2 to the power of `exponent`, or the nearest double.
fn power_of_two(exponent: i64) -> f64 {
    2_f64.powi(exponent.clamp(-1100, 1100) as i32)
}

/// The index of the bucket that `value`, which is positive, belongs to.
fn index_of(value: f64, scale: i64) -> i64 {
    let is_power = value.is_normal() && value.to_bits() & ((1 << 52) - 1) == 0;
    if is_power && (0..=20).contains(&scale) {
        let exponent = ((value.to_bits() >> 52) & 0x7ff) as i64 - 1023;
        return (exponent << scale) - 1;
    }
    let index = (value.ln() * std::f64::consts::LOG2_E * power_of_two(scale)).floor();
    // Far beyond what an index can be, yet small enough to be calculated with.
    index.clamp(-1e12, 1e12) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(scale: i64, offset: i64, counts: &[u64]) -> ExponentialPoint {
        let range = Range {
            offset,
            counts: counts.to_vec(),
        };
        ExponentialPoint {
            count: 2 * counts.iter().sum::<u64>(),
            zero_count: 0,
            zero_threshold: 0.0,
            scale,
            positive: range.clone(),
            negative: range,
            sum: None,
            extremes: Extremes::default(),
        }
    }

    /// The sum's scale, offset and counts, which are alike for both signs here.
    fn sum(mut one: ExponentialPoint, other: ExponentialPoint) -> (i64, i64, Vec<u64>) {
        one.add(other);
        assert_eq!(one.positive, one.negative);
        (one.scale, one.positive.offset, one.positive.counts)
    }

    #[test]
    fn the_coarser_scale_wins() {
        assert_eq!(
            sum(point(1, 0, &[1, 2, 3]), point(0, 1, &[4])),
            (0, 0, vec![3, 7])
        );
    }

    #[test]
    fn too_many_buckets_cost_a_scale() {
        let (scale, _, counts) = sum(point(0, 0, &[1; 100]), point(0, 90, &[1; 100]));
        assert_eq!(scale, -1);
        assert_eq!(counts.iter().sum::<u64>(), 200);
        assert_eq!(counts.len(), 95);
    }

    #[test]
    fn a_wider_zero_swallows_what_lies_within_it() {
        let mut one = point(0, -2, &[1, 2, 4]);
        let mut wide = point(0, 0, &[1]);
        wide.zero_threshold = 1.0;
        wide.zero_count = 5;
        one.add(wide);
        // (0.25, 0.5] and (0.5, 1], of both signs.
        assert_eq!(one.zero_count, 5 + 6);
        assert!((one.zero_threshold - 1.0).abs() < 1e-12);
        assert_eq!(one.positive.counts, [5]);
    }

    #[test]
    fn absurd_scales_and_thresholds_end() {
        for scale in [i64::from(i32::MIN), i64::from(i32::MAX)] {
            for threshold in [0.0, 5e-324, 1e300, f64::INFINITY, f64::NAN, -1.0] {
                let mut one = point(0, 3, &[1, 2]);
                let mut other = point(scale, i64::from(i32::MAX), &[1]);
                other.zero_threshold = threshold;
                one.add(other.clone());
                other.add(one);
            }
        }
    }
}
