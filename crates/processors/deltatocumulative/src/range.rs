//! Exponential buckets side by side. Source: Go `deltatocumulativeprocessor/internal/data/expo`.

use headwater_core::pdata::view::Buckets;

/// How many buckets a sum has at most.
pub(crate) const MAX_BUCKETS: i64 = 160;

/// After so many halvings every index is 0 or -1.
const MOST_HALVINGS: i64 = 64;

/// Buckets and where they begin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Range {
    /// The index of the first one.
    pub(crate) offset: i64,
    pub(crate) counts: Vec<u64>,
}

impl Range {
    pub(crate) fn read(buckets: &Buckets<'_>) -> Self {
        Self {
            offset: i64::from(buckets.offset()),
            counts: buckets.bucket_counts().collect(),
        }
    }

    fn end(&self) -> i64 {
        self.offset + self.counts.len() as i64
    }

    fn at(&self, index: i64) -> u64 {
        usize::try_from(index - self.offset)
            .ok()
            .and_then(|place| self.counts.get(place))
            .copied()
            .unwrap_or(0)
    }

    /// The first index with a value, and the one behind the last.
    fn used(&self) -> Option<(i64, i64)> {
        let first = self.counts.iter().position(|count| *count > 0)? as i64;
        let last = self.counts.iter().rposition(|count| *count > 0)? as i64;
        Some((self.offset + first, self.offset + last + 1))
    }

    /// Where the values of both lie: from, and to before.
    fn hull(&self, other: &Self) -> (i64, i64) {
        match (self.used(), other.used()) {
            (Some(a), Some(b)) => (a.0.min(b.0), a.1.max(b.1)),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => {
                let end = self.end().max(other.end());
                (end, end)
            }
        }
    }

    /// By how much the scale has to fall so that the sum of both has no more than
    /// [`MAX_BUCKETS`] buckets.
    pub(crate) fn excess(&self, other: &Self) -> i64 {
        let (mut from, mut to) = self.hull(other);
        let mut excess = 0;
        while to - from > MAX_BUCKETS {
            // Towards zero, as upstream.
            (from, to) = (from / 2, to / 2);
            excess += 1;
        }
        excess
    }

    /// Makes the buckets twice as wide, `times` times. There remain as many as before, empty ones
    /// at the end, as upstream.
    pub(crate) fn downscale(&mut self, times: i64) {
        for _ in 0..times.min(MOST_HALVINGS) {
            self.collapse();
        }
    }

    fn collapse(&mut self) {
        let is_odd = self.offset % 2 != 0;
        self.offset = self.offset.div_euclid(2);
        let shift = usize::from(is_odd);
        let size = (self.counts.len() + shift).div_ceil(2);
        for place in 0..size {
            // The left half of the first one is not there if the offset was odd.
            let first = (place * 2).checked_sub(shift);
            let left = first.and_then(|at| self.counts.get(at)).copied();
            let right = self.counts.get(place * 2 + 1 - shift).copied();
            let sum = left.unwrap_or(0).wrapping_add(right.unwrap_or(0));
            if let Some(count) = self.counts.get_mut(place) {
                *count = sum;
            }
        }
        if let Some(rest) = self.counts.get_mut(size..) {
            rest.fill(0);
        }
    }

    /// Adds `other`, of the same scale.
    pub(crate) fn merge(&mut self, other: Self) {
        if other.counts.is_empty() {
            return;
        }
        if self.counts.is_empty() {
            *self = other;
            return;
        }
        let (from, to) = self.hull(&other);
        let counts = (from..to)
            .map(|index| self.at(index).wrapping_add(other.at(index)))
            .collect();
        *self = Self {
            offset: from,
            counts,
        };
    }

    /// Takes out what lies up to the bucket `last` and says how many values that are.
    pub(crate) fn take_up_to(&mut self, last: i64) -> u64 {
        let Some(taken) = usize::try_from(last - self.offset + 1).ok() else {
            return 0;
        };
        let taken = taken.min(self.counts.len());
        self.offset += taken as i64;
        let sum = self.counts.drain(..taken);
        sum.fold(0, u64::wrapping_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(offset: i64, counts: &[u64]) -> Range {
        Range {
            offset,
            counts: counts.to_vec(),
        }
    }

    #[test]
    fn neighbours_are_joined_at_even_indices() {
        for (before, after) in [
            (range(0, &[1, 2, 3, 4]), range(0, &[3, 7, 0, 0])),
            (range(1, &[1, 2, 3, 4]), range(0, &[1, 5, 4, 0])),
            (range(-1, &[1, 2, 3]), range(-1, &[1, 5, 0])),
            (range(-3, &[1, 2, 3, 4, 5]), range(-2, &[1, 5, 9, 0, 0])),
            (range(5, &[]), range(2, &[])),
        ] {
            let mut range = before.clone();
            range.downscale(1);
            assert_eq!(range, after, "{before:?}");
        }
        let mut far = range(-7, &[1, 2, 3]);
        far.downscale(i64::MAX);
        assert_eq!(far, range(-1, &[6, 0, 0]));
    }

    #[test]
    fn sums_reach_from_the_first_to_the_last_value() {
        let mut sum = range(-2, &[0, 0, 1, 5, 5, 1, 0, 0]);
        sum.merge(range(0, &[0, 2, 2, 3, 3, 2, 2, 0]));
        assert_eq!(sum, range(0, &[1, 7, 7, 4, 3, 2, 2]));
        sum.merge(Range::default());
        assert_eq!(sum.offset, 0);
        let mut empty = range(9, &[]);
        empty.merge(range(3, &[1]));
        assert_eq!(empty, range(3, &[1]));
    }

    #[test]
    fn values_far_apart_cost_scale_not_memory() {
        let (low, high) = (
            range(i64::from(i32::MIN), &[1, 0, 0]),
            range(i64::from(i32::MAX), &[1]),
        );
        let excess = low.excess(&high);
        assert!((24..=26).contains(&excess), "{excess}");
        let (mut low, mut high) = (low, high);
        low.downscale(excess);
        high.downscale(excess);
        low.merge(high);
        assert!(
            low.counts.len() as i64 <= MAX_BUCKETS + 2,
            "{}",
            low.counts.len()
        );
        assert_eq!(low.counts.iter().sum::<u64>(), 2);
    }

    #[test]
    fn what_is_taken_out_is_counted() {
        let mut some = range(-2, &[1, 2, 3]);
        assert_eq!(some.take_up_to(-3), 0);
        assert_eq!(some.take_up_to(-1), 3);
        assert_eq!(some, range(0, &[3]));
        assert_eq!(some.take_up_to(100), 3);
        assert!(some.counts.is_empty());
    }
}
