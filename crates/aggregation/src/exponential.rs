//! A histogram with exponential buckets that finds its own scale.
//!
//! Source: OpenTelemetry data model, "ExponentialHistogram"; the scale is chosen as by Go
//! `go-expohisto`, which the Collector's connectors use.

/// How many buckets there are if nobody says.
pub const DEFAULT_MAX_SIZE: i32 = 160;

/// The finest scale: at this one an index still fits into 31 bits.
const MAX_SCALE: i32 = 20;

/// The coarsest one: at this one a double has an index of -1, 0 or 1.
const MIN_SCALE: i32 = -10;

/// A distribution of values that are not negative.
#[derive(Debug, Clone)]
pub struct ExponentialHistogram {
    max_size: i32,
    scale: i32,
    /// The index of the first bucket.
    start: i32,
    counts: Vec<u64>,
    count: u64,
    zero_count: u64,
    sum: f64,
    min: f64,
    max: f64,
}

impl ExponentialHistogram {
    /// An empty one with at most `max_size` buckets, 2 to 16384; 0 or less means the default.
    #[must_use]
    pub fn new(max_size: i32) -> Self {
        let max_size = if max_size <= 0 {
            DEFAULT_MAX_SIZE
        } else {
            max_size.clamp(2, 16384)
        };
        Self {
            max_size,
            scale: MAX_SCALE,
            start: 0,
            counts: Vec::new(),
            count: 0,
            zero_count: 0,
            sum: 0.0,
            min: 0.0,
            max: 0.0,
        }
    }

    /// How many values there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// How many of them are zero.
    #[must_use]
    pub const fn zero_count(&self) -> u64 {
        self.zero_count
    }

    /// Their sum.
    #[must_use]
    pub const fn sum(&self) -> f64 {
        self.sum
    }

    /// The smallest value; 0 without any.
    #[must_use]
    pub const fn min(&self) -> f64 {
        self.min
    }

    /// The largest value; 0 without any.
    #[must_use]
    pub const fn max(&self) -> f64 {
        self.max
    }

    /// The scale; 0 if there is nothing but zeros.
    #[must_use]
    pub const fn scale(&self) -> i32 {
        if self.count == self.zero_count {
            0
        } else {
            self.scale
        }
    }

    /// The index of the first bucket.
    #[must_use]
    pub const fn offset(&self) -> i32 {
        self.start
    }

    /// How many values each bucket has.
    #[must_use]
    pub fn buckets(&self) -> &[u64] {
        &self.counts
    }

    /// Counts `value` `times` times. One that is negative or no number counts as zero.
    pub fn record(&mut self, value: f64, times: u64) {
        let value = if value > 0.0 { value } else { 0.0 };
        if self.count == 0 {
            (self.min, self.max) = (value, value);
        } else {
            (self.min, self.max) = (self.min.min(value), self.max.max(value));
        }
        self.count = self.count.saturating_add(times);
        if value == 0.0 {
            self.zero_count = self.zero_count.saturating_add(times);
            return;
        }
        self.sum += value * times as f64;
        if times == 0 {
            return;
        }
        let index = self.make_room(value);
        let place = (index - self.start) as usize;
        self.counts[place] = self.counts[place].saturating_add(times);
    }

    /// The index of `value`, for which there is a bucket then.
    fn make_room(&mut self, value: f64) -> i32 {
        let mut index = index_of(value, self.scale);
        if self.counts.is_empty() {
            self.start = index;
            self.counts.push(0);
            return index;
        }
        let end = self.start + self.counts.len() as i32 - 1;
        let (mut low, mut high) = (i64::from(self.start.min(index)), i64::from(end.max(index)));
        let mut change = 0;
        while high - low >= i64::from(self.max_size) && self.scale - change > MIN_SCALE {
            (low, high) = (low >> 1, high >> 1);
            change += 1;
        }
        if change > 0 {
            self.downscale(change);
            index = index_of(value, self.scale);
        }
        if index < self.start {
            let missing = (self.start - index) as usize;
            self.counts.splice(0..0, std::iter::repeat_n(0, missing));
            self.start = index;
        }
        let length = (index - self.start) as usize + 1;
        if length > self.counts.len() {
            self.counts.resize(length, 0);
        }
        index
    }

    fn downscale(&mut self, change: i32) {
        let start = self.start >> change;
        for place in 0..self.counts.len() {
            let count = std::mem::take(&mut self.counts[place]);
            let index = (self.start + place as i32) >> change;
            self.counts[(index - start) as usize] += count;
        }
        let end = (self.start + self.counts.len() as i32 - 1) >> change;
        self.counts.truncate((end - start) as usize + 1);
        self.start = start;
        self.scale -= change;
    }
}

/// The index of the bucket that `value`, positive and finite, belongs to: the upper bound of a
/// bucket belongs to it.
fn index_of(value: f64, scale: i32) -> i32 {
    const SIGNIFICAND: u64 = (1 << 52) - 1;
    if !value.is_normal() {
        // Below the smallest normal number; what is infinite has the largest one's index.
        if value < 1.0 {
            let lowest = -1022_i32;
            return if scale > 0 {
                (lowest << scale) - 1
            } else {
                (lowest - i32::from(scale > -2)) >> -scale
            };
        }
        return index_of(f64::MAX, scale);
    }
    let bits = value.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i32 - 1023;
    let is_power = bits & SIGNIFICAND == 0;
    if scale <= 0 {
        return (exponent - i32::from(is_power)) >> -scale;
    }
    if is_power {
        return (exponent << scale) - 1;
    }
    let factor = std::f64::consts::LOG2_E * f64::from(1 << scale);
    let most = (1024 << scale) - 1;
    ((value.ln() * factor).floor() as i32).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_two_belong_to_the_bucket_below_them() {
        for scale in [-3, -1, 0, 1, 5, 20] {
            for exponent in [-40_i32, -1, 0, 1, 17] {
                let power = 2_f64.powi(exponent);
                let index = index_of(power, scale);
                // At negative scales not every power is a bound.
                if scale >= 0 {
                    assert_eq!(index_of(power * 1.000_000_1, scale), index + 1);
                }
                assert_eq!(
                    i64::from(index),
                    ((f64::from(exponent) * 2_f64.powi(scale)).ceil() as i64) - 1
                );
            }
        }
    }

    #[test]
    fn the_extremes_have_an_index_at_every_scale() {
        for scale in MIN_SCALE..=MAX_SCALE {
            let low = index_of(5e-324, scale);
            let high = index_of(f64::MAX, scale);
            assert!(low < high, "{scale}");
            assert_eq!(index_of(f64::INFINITY, scale), high);
        }
    }

    #[test]
    fn the_scale_falls_until_the_range_fits_and_no_value_is_lost() {
        let mut histogram = ExponentialHistogram::new(4);
        for value in [1.0, 2.0, 4.0, 1.0, 8.0, 0.0] {
            histogram.record(value, 1);
        }
        // From (0.5, 1] to (4, 8]: four buckets at scale 0.
        assert_eq!((histogram.scale(), histogram.offset()), (0, -1));
        assert_eq!(histogram.buckets(), [2, 1, 1, 1]);
        histogram.record(1e9, 3);
        histogram.record(1e-9, 1);
        assert!(histogram.buckets().len() <= 4);
        assert_eq!(histogram.buckets().iter().sum::<u64>(), 9);
        assert_eq!((histogram.count(), histogram.zero_count()), (10, 1));
        assert!((histogram.sum() - 3_000_000_016.000_000_001).abs() < 1e-3);
        assert_eq!((histogram.min(), histogram.max()), (0.0, 1e9));
    }

    #[test]
    fn nothing_but_zeros_has_scale_zero_and_no_buckets() {
        let mut histogram = ExponentialHistogram::new(0);
        histogram.record(0.0, 2);
        histogram.record(f64::NAN, 1);
        histogram.record(-1.0, 1);
        assert_eq!((histogram.scale(), histogram.count()), (0, 4));
        assert!(histogram.buckets().is_empty());
    }

    #[test]
    fn the_smallest_and_the_largest_double_share_two_buckets() {
        let mut histogram = ExponentialHistogram::new(2);
        histogram.record(5e-324, 1);
        histogram.record(f64::MAX, 1);
        histogram.record(1.5, 1);
        assert!(histogram.buckets().len() <= 2, "{histogram:?}");
        assert_eq!(histogram.buckets().iter().sum::<u64>(), 3);
    }
}
