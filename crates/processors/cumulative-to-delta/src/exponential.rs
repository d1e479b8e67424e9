//! Exponential histograms as differences.

use headwater_core::pdata::view::{Buckets, ExponentialHistogramDataPoint};

/// A distribution with exponential buckets.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ExponentialPoint {
    pub(crate) count: u64,
    pub(crate) sum: f64,
    pub(crate) zero_count: u64,
    zero_threshold: f64,
    scale: i32,
    pub(crate) positive: Range,
    pub(crate) negative: Range,
}

/// Buckets side by side.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Range {
    /// The index of the first one.
    pub(crate) offset: i32,
    pub(crate) counts: Vec<u64>,
}

impl ExponentialPoint {
    pub(crate) fn read(point: &ExponentialHistogramDataPoint<'_>) -> Self {
        Self {
            count: point.count(),
            sum: point.sum().unwrap_or(0.0),
            zero_count: point.zero_count(),
            zero_threshold: point.zero_threshold(),
            scale: point.scale(),
            positive: Range::read(&point.positive()),
            negative: Range::read(&point.negative()),
        }
    }

    /// What this one adds to `before`, which is made as coarse as this one is; `None` if it
    /// cannot follow.
    pub(crate) fn since(&self, before: &mut Self) -> Option<Self> {
        if self.count < before.count
            || self.zero_threshold < before.zero_threshold
            || self.scale > before.scale
        {
            return None;
        }
        if self.zero_threshold > before.zero_threshold {
            // The bucket that the threshold falls into: all of it counts as zero.
            let factor = std::f64::consts::LOG2_E * 2_f64.powi(before.scale);
            let index = (self.zero_threshold.ln() * factor).ceil() - 1.0;
            for range in [&mut before.positive, &mut before.negative] {
                before.zero_count = before.zero_count.saturating_add(range.trim(index as i32));
            }
        }
        let lost = i64::from(before.scale) - i64::from(self.scale);
        if lost > 0 {
            before.scale = self.scale;
            before.positive.coarsen(lost);
            before.negative.coarsen(lost);
        }
        Some(Self {
            count: self.count - before.count,
            sum: self.sum - before.sum,
            zero_count: self.zero_count.saturating_sub(before.zero_count),
            zero_threshold: self.zero_threshold,
            scale: self.scale,
            positive: self.positive.since(&before.positive),
            negative: self.negative.since(&before.negative),
        })
    }
}

impl Range {
    fn read(buckets: &Buckets<'_>) -> Self {
        Self {
            offset: buckets.offset(),
            counts: buckets.bucket_counts().collect(),
        }
    }

    /// Takes out the buckets up to `index` and says how many values they had.
    fn trim(&mut self, index: i32) -> u64 {
        let Ok(last) = usize::try_from(i64::from(index) - i64::from(self.offset)) else {
            return 0;
        };
        let trimmed = (last + 1).min(self.counts.len());
        self.offset = self.offset.saturating_add(trimmed as i32);
        self.counts.drain(..trimmed).sum()
    }

    /// Joins 2 to the power of `lost` buckets to one.
    fn coarsen(&mut self, lost: i64) {
        let lost = lost.min(63);
        let index_of = |place: usize, offset: i32| (i64::from(offset) + place as i64) >> lost;
        let first = index_of(0, self.offset);
        let mut counts = Vec::new();
        for (place, count) in self.counts.iter().enumerate() {
            let place = (index_of(place, self.offset) - first) as usize;
            if place >= counts.len() {
                counts.resize(place + 1, 0_u64);
            }
            counts[place] = counts[place].saturating_add(*count);
        }
        *self = Self {
            offset: first as i32,
            counts,
        };
    }

    /// The buckets that have grown, from the first to the last one.
    fn since(&self, before: &Self) -> Self {
        let shift = i64::from(self.offset) - i64::from(before.offset);
        let mut delta = Self::default();
        for (place, count) in self.counts.iter().enumerate() {
            let old = usize::try_from(place as i64 + shift)
                .ok()
                .and_then(|place| before.counts.get(place));
            let grown = count.saturating_sub(old.copied().unwrap_or(0));
            if grown == 0 {
                continue;
            }
            if delta.counts.is_empty() {
                delta.offset = self.offset.saturating_add(place as i32);
            }
            let from = (i64::from(delta.offset) - i64::from(self.offset)) as usize;
            delta.counts.resize(place - from, 0);
            delta.counts.push(grown);
        }
        delta
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(offset: i32, counts: &[u64]) -> Range {
        Range {
            offset,
            counts: counts.to_vec(),
        }
    }

    #[test]
    fn differences_reach_from_the_first_to_the_last_bucket_that_grew() {
        for (now, before, delta) in [
            (range(5, &[0, 4, 0, 2]), range(5, &[]), range(6, &[4, 0, 2])),
            (
                range(2, &[5, 0, 9, 1]),
                range(1, &[3, 0, 6, 1, 1]),
                range(2, &[5, 0, 8]),
            ),
            (
                range(0, &[1, 2, 1, 5]),
                range(0, &[1, 3, 2, 3]),
                range(3, &[2]),
            ),
            (range(10, &[0, 1]), range(10, &[0, 2]), range(0, &[])),
            (
                range(-3, &[2, 0, 4]),
                range(-4, &[1, 1, 3, 1]),
                range(-3, &[1, 0, 3]),
            ),
        ] {
            assert_eq!(now.since(&before), delta);
        }
    }

    #[test]
    fn coarser_buckets_hold_what_the_finer_ones_held() {
        let mut odd = range(-3, &[1, 2, 3, 4, 5]);
        odd.coarsen(1);
        assert_eq!(odd, range(-2, &[1, 5, 9]));
        let mut far = range(i32::MIN, &[1, 2]);
        far.coarsen(i64::MAX);
        assert_eq!(far, range(-1, &[3]));
    }

    #[test]
    fn what_a_wider_zero_swallows_is_zero_before_as_well() {
        let before = ExponentialPoint {
            count: 10,
            zero_count: 1,
            positive: range(-2, &[2, 3, 4]),
            ..ExponentialPoint::default()
        };
        let mut now = ExponentialPoint {
            count: 12,
            zero_count: 7,
            zero_threshold: 1.0,
            positive: range(0, &[5]),
            ..ExponentialPoint::default()
        };
        let delta = now.since(&mut before.clone()).unwrap();
        // (0.25, 0.5] and (0.5, 1] have become zero.
        assert_eq!((delta.count, delta.zero_count), (2, 1));
        assert_eq!(delta.positive, range(0, &[1]));
        assert_eq!(before.since(&mut now), None);
    }
}
