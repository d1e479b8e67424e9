//! Exponential histograms as native ones.

use headwater_core::pdata::view::{Buckets as Exponential, ExponentialHistogramDataPoint};
use thiserror::Error;

use super::milliseconds;
use crate::remote_write::{BucketSpan, Buckets, Count, Histogram, STALE_NAN};

/// What zero means where nobody says. Source: Go `prometheusremotewrite`, `defaultZeroThreshold`.
const ZERO_THRESHOLD: f64 = 1e-128;
/// The finest schema that native histograms have.
const FINEST: i32 = 8;
/// The coarsest one.
const COARSEST: i32 = -4;
/// A gap of more empty buckets than this begins a new span.
const GAP: i64 = 2;

/// Why a point has no native form.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum NativeError {
    /// The buckets are too wide.
    #[error("cannot convert exponential to native histogram: scale must be >= -4, was {0}")]
    Scale(i32),
    /// There are too many buckets, or they lie where no index reaches.
    #[error("cannot convert exponential to native histogram: the bucket indexes are out of range")]
    Range,
    /// Explicit bounds are not finite, or do not grow.
    #[error(
        "cannot convert explicit to native histogram: the bound {0} does not follow the one before it"
    )]
    Bounds(f64),
}

/// The native form of a point. Scales that are too fine are made coarser.
///
/// # Errors
/// [`NativeError`].
pub fn native_histogram(
    point: &ExponentialHistogramDataPoint<'_>,
) -> Result<Histogram, NativeError> {
    let scale = point.scale();
    if scale < COARSEST {
        return Err(NativeError::Scale(scale));
    }
    let coarser = (scale - FINEST).clamp(0, 31) as u32;
    let stale = point.flags() & 1 != 0;
    let threshold = point.zero_threshold();
    Ok(Histogram {
        count: Count::Int(if stale { STALE_NAN } else { point.count() }),
        sum: if stale {
            f64::from_bits(STALE_NAN)
        } else {
            point.sum().unwrap_or_default()
        },
        schema: scale.min(FINEST),
        zero_threshold: if threshold == 0.0 {
            ZERO_THRESHOLD
        } else {
            threshold
        },
        zero_count: Count::Int(point.zero_count()),
        negative: buckets(&point.negative(), coarser)?,
        positive: buckets(&point.positive(), coarser)?,
        // Unknown: the receiver looks for resets itself.
        reset_hint: 0,
        timestamp: milliseconds(point.time_unix_nano()),
        custom_values: Vec::new(),
        start: milliseconds(point.start_time_unix_nano()),
    })
}

fn buckets(from: &Exponential<'_>, coarser: u32) -> Result<Buckets, NativeError> {
    let offset = i64::from(from.offset());
    let mut layout = Layout::default();
    // Neighbours merge when the scale is made coarser.
    let mut current: Option<(i64, u64)> = None;
    for (at, count) in from.bucket_counts().enumerate() {
        let at = i64::try_from(at).map_err(|_| NativeError::Range)?;
        let index = ((offset + at) >> coarser) + 1;
        match &mut current {
            Some((known, sum)) if *known == index => *sum = sum.wrapping_add(count),
            _ => {
                if let Some((index, count)) = current {
                    layout.add(index, count)?;
                }
                current = Some((index, count));
            }
        }
    }
    if let Some((index, count)) = current {
        layout.add(index, count)?;
    }
    Ok(layout.buckets)
}

/// Lists buckets in the order of their indexes, without those that are empty.
#[derive(Default)]
pub(super) struct Layout {
    pub(super) buckets: Buckets,
    /// The index after the last bucket.
    next: i64,
    count: i64,
}

impl Layout {
    pub(super) fn add(&mut self, index: i64, count: u64) -> Result<(), NativeError> {
        if count == 0 {
            return Ok(());
        }
        let gap = index - self.next;
        if self.buckets.spans.is_empty() || gap > GAP {
            self.buckets.spans.push(BucketSpan {
                offset: i32::try_from(gap).map_err(|_| NativeError::Range)?,
                length: 0,
            });
        } else {
            for _ in 0..gap {
                self.push(0);
            }
        }
        self.push(count.cast_signed());
        self.next = index + 1;
        Ok(())
    }

    fn push(&mut self, count: i64) {
        if let Some(span) = self.buckets.spans.last_mut() {
            span.length += 1;
        }
        self.buckets.deltas.push(count.wrapping_sub(self.count));
        self.count = count;
    }
}

#[cfg(test)]
mod tests {
    use headwater_core::pdata::owned;

    use super::*;

    fn convert(scale: i32, offset: i32, counts: &[u64]) -> Result<Histogram, NativeError> {
        let point = owned::ExponentialHistogramDataPoint {
            scale,
            count: counts.iter().sum(),
            positive: Some(owned::Buckets {
                offset,
                bucket_counts: counts.to_vec(),
                ..Default::default()
            }),
            ..Default::default()
        };
        native_histogram(&ExponentialHistogramDataPoint::new(&point.encode()))
    }

    /// Index and count of each bucket that is not empty.
    fn expanded(buckets: &Buckets) -> Vec<(i64, i64)> {
        let (mut index, mut count, mut all) = (0_i64, 0, Vec::new());
        let mut deltas = buckets.deltas.iter();
        for span in &buckets.spans {
            index += i64::from(span.offset);
            for _ in 0..span.length {
                count += deltas.next().unwrap();
                all.push((index, count));
                index += 1;
            }
        }
        assert!(deltas.next().is_none());
        all.retain(|(_, count)| *count != 0);
        all
    }

    #[test]
    fn buckets_keep_their_places() {
        let histogram = convert(3, -2, &[1, 0, 2, 0, 0, 0, 4]).unwrap();
        assert_eq!(expanded(&histogram.positive), [(-1, 1), (1, 2), (5, 4)]);
        assert_eq!(histogram.positive.spans.len(), 2);
        assert_eq!((histogram.schema, histogram.zero_threshold), (3, 1e-128));
    }

    #[test]
    fn scales_that_are_too_fine_are_made_coarser() {
        let histogram = convert(10, 0, &[1; 8]).unwrap();
        assert_eq!(histogram.schema, 8);
        assert_eq!(expanded(&histogram.positive), [(1, 4), (2, 4)]);
        let histogram = convert(9, -3, &[1, 2, 3]).unwrap();
        assert_eq!(expanded(&histogram.positive), [(-1, 1), (0, 5)]);
    }

    #[test]
    fn what_has_no_native_form_is_refused() {
        assert_eq!(convert(-5, 0, &[1]), Err(NativeError::Scale(-5)));
        assert_eq!(convert(0, i32::MAX, &[1]), Err(NativeError::Range));
        assert!(convert(-4, 0, &[]).unwrap().positive.spans.is_empty());
    }
}
