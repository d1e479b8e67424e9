//! Histograms with explicit bounds as native ones with custom buckets.

use headwater_core::pdata::view::HistogramDataPoint;

use super::milliseconds;
use super::native::{Layout, NativeError};
use crate::exposition::CUSTOM_BUCKETS;
use crate::remote_write::{Count, Histogram, STALE_NAN};

/// Which form histograms with explicit bounds get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExplicitHistograms {
    /// `_count`, `_sum` and a `_bucket` per bound.
    #[default]
    Classic,
    /// One native histogram with custom buckets.
    Native,
    /// Both.
    Both,
}

/// The native form of a point: its bounds are the custom ones, what lies above the last of them, or
/// in no bucket at all, is in the bucket up to +Inf. The count is at least that of all buckets. A
/// missing sum is 0.
///
/// Source: Go `pkg/translator/prometheusremotewrite`, `convert_explicit_histograms_to_nhcb`.
///
/// # Errors
/// [`NativeError::Bounds`] if the bounds do not grow.
pub fn custom_histogram(point: &HistogramDataPoint<'_>) -> Result<Histogram, NativeError> {
    let stale = point.flags() & 1 != 0;
    let mut this = Histogram {
        schema: CUSTOM_BUCKETS,
        timestamp: milliseconds(point.time_unix_nano()),
        start: milliseconds(point.start_time_unix_nano()),
        ..Histogram::default()
    };
    if stale {
        this.sum = f64::from_bits(STALE_NAN);
        return Ok(this);
    }
    let mut bounds: Vec<f64> = point.explicit_bounds().collect();
    // It is there anyway, and must not be listed.
    if bounds.last() == Some(&f64::INFINITY) {
        bounds.pop();
    }
    let mut before = f64::NEG_INFINITY;
    for bound in &bounds {
        if !bound.is_finite() || *bound <= before {
            return Err(NativeError::Bounds(*bound));
        }
        before = *bound;
    }
    let (mut layout, mut total, mut above) = (Layout::default(), 0_u64, 0_u64);
    for (at, count) in point.bucket_counts().enumerate() {
        total = total.saturating_add(count);
        if at < bounds.len() {
            let index = i64::try_from(at).map_err(|_| NativeError::Range)?;
            layout.add(index, count)?;
        } else {
            above = above.saturating_add(count);
        }
    }
    let count = total.max(point.count());
    let last = i64::try_from(bounds.len()).map_err(|_| NativeError::Range)?;
    layout.add(last, above.saturating_add(count - total))?;
    this.count = Count::Int(count);
    this.sum = point.sum().unwrap_or_default();
    this.positive = layout.buckets;
    this.custom_values = bounds;
    Ok(this)
}

#[cfg(test)]
mod tests {
    use headwater_core::pdata::owned;

    use super::*;
    use crate::remote_write::{BucketSpan, Buckets};

    fn convert(bounds: &[f64], counts: &[u64], count: u64) -> Result<Histogram, NativeError> {
        let point = owned::HistogramDataPoint {
            count,
            sum: Some(42.5),
            explicit_bounds: bounds.to_vec(),
            bucket_counts: counts.to_vec(),
            time_unix_nano: 7_000_000,
            start_time_unix_nano: 5_000_000,
            ..Default::default()
        };
        custom_histogram(&HistogramDataPoint::new(&point.encode()))
    }

    fn buckets(spans: &[(i32, u32)], deltas: &[i64]) -> Buckets {
        let span = |(offset, length): &(i32, u32)| BucketSpan {
            offset: *offset,
            length: *length,
        };
        Buckets {
            spans: spans.iter().map(span).collect(),
            deltas: deltas.to_vec(),
            counts: Vec::new(),
        }
    }

    #[test]
    fn bounds_and_counts_stay_what_they_are() {
        let histogram = convert(&[1.0, 2.0, 3.0], &[1, 2, 3, 4], 10).unwrap();
        assert_eq!(histogram.schema, -53);
        assert_eq!((histogram.count, histogram.sum), (Count::Int(10), 42.5));
        assert_eq!(histogram.custom_values, [1.0, 2.0, 3.0]);
        assert_eq!(histogram.positive, buckets(&[(0, 4)], &[1, 1, 1, 1]));
        assert_eq!((histogram.timestamp, histogram.start), (7, 5));
        assert_eq!(
            (histogram.zero_count, histogram.zero_threshold),
            (Count::Int(0), 0.0)
        );
        assert_eq!(histogram.negative, Buckets::default());
    }

    #[test]
    fn empty_buckets_are_left_out() {
        let bounds: Vec<f64> = (0..8).map(f64::from).collect();
        let histogram = convert(&bounds, &[0, 0, 5, 0, 0, 0, 0, 0, 2], 7).unwrap();
        assert_eq!(histogram.positive, buckets(&[(2, 1), (5, 1)], &[5, -3]));
        assert_eq!(histogram.custom_values, bounds);
        let none = convert(&bounds, &[0; 9], 0).unwrap();
        assert_eq!(none.positive, Buckets::default());
    }

    #[test]
    fn counts_that_contradict_each_other_are_valid_afterwards() {
        // Fewer than in the buckets; more; no buckets at all; more buckets than bounds.
        for (bounds, counts, count, total, deltas) in [
            (&[1.0, 2.0][..], &[1, 2, 3][..], 2, 6, &[1, 1, 1][..]),
            (&[1.0, 2.0], &[1, 2, 3], 10, 10, &[1, 1, 5]),
            (&[], &[], 4, 4, &[4]),
            (&[], &[5], 5, 5, &[5]),
            (&[1.0], &[1, 2, 3], 6, 6, &[1, 4]),
        ] {
            let histogram = convert(bounds, counts, count).unwrap();
            assert_eq!(histogram.count, Count::Int(total));
            assert_eq!(histogram.positive.deltas, deltas);
            assert_eq!(histogram.custom_values, bounds);
        }
    }

    #[test]
    fn an_infinite_bound_is_not_listed_and_others_must_grow() {
        let histogram = convert(&[1.0, f64::INFINITY], &[1, 2, 0], 3).unwrap();
        assert_eq!(histogram.custom_values, [1.0]);
        assert_eq!(histogram.positive.deltas, [1, 1]);
        for bounds in [
            [1.0, 1.0],
            [2.0, 1.0],
            [1.0, f64::NAN],
            [f64::NAN, 1.0],
            [f64::NEG_INFINITY, 1.0],
            [f64::INFINITY, f64::INFINITY],
        ] {
            let error = convert(&bounds, &[1, 1, 1], 3).unwrap_err();
            assert!(matches!(error, NativeError::Bounds(_)), "{bounds:?}");
        }
    }

    #[test]
    fn a_point_without_value_is_a_marker() {
        let point = owned::HistogramDataPoint {
            flags: 1,
            count: 3,
            explicit_bounds: vec![1.0],
            bucket_counts: vec![1, 2],
            ..Default::default()
        };
        let marker = custom_histogram(&HistogramDataPoint::new(&point.encode())).unwrap();
        assert_eq!(marker.sum.to_bits(), STALE_NAN);
        assert_eq!((marker.schema, marker.count), (-53, Count::Int(0)));
        assert_eq!(marker.positive, Buckets::default());
        assert!(marker.custom_values.is_empty());
    }
}
