//! Exponential histograms with equal labels become one.

use headwater_core::pdata::owned::{Buckets, ExponentialHistogramDataPoint};

use crate::aggregate::base_key;

/// How many buckets a merge may make: offsets far apart would make billions.
const MAX_BUCKETS: i64 = 16_384;

pub(crate) fn key(point: &ExponentialHistogramDataPoint, delta: bool) -> Vec<u8> {
    let start = delta.then_some(point.start_time_unix_nano);
    let mut key = base_key(&point.attributes, point.time_unix_nano, start);
    key.extend_from_slice(&point.scale.to_le_bytes());
    key.push(u8::from(point.min.is_some()) | u8::from(point.max.is_some()) << 1);
    key.extend_from_slice(&point.flags.to_le_bytes());
    key
}

/// The sum of several histograms of the same scale.
pub(crate) fn merge(
    points: Vec<ExponentialHistogramDataPoint>,
) -> Option<ExponentialHistogramDataPoint> {
    let mut points = points.into_iter();
    let mut merged = points.next()?;
    for point in points.filter(|point| point.count > 0) {
        merged.count = merged.count.wrapping_add(point.count);
        merged.sum = Some(merged.sum.unwrap_or(0.0) + point.sum.unwrap_or(0.0));
        merged.zero_count = merged.zero_count.wrapping_add(point.zero_count);
        merged.min = merged.min.map(|min| min.min(point.min.unwrap_or(0.0)));
        merged.max = merged.max.map(|max| max.max(point.max.unwrap_or(0.0)));
        add(&mut merged.positive, point.positive);
        add(&mut merged.negative, point.negative);
        merged.exemplars.extend(point.exemplars);
        merged.start_time_unix_nano = merged.start_time_unix_nano.min(point.start_time_unix_nano);
    }
    Some(merged)
}

/// Adds buckets, each to the one of the same index.
fn add(to: &mut Option<Buckets>, from: Option<Buckets>) {
    let Some(from) = from.filter(|from| !from.bucket_counts.is_empty()) else {
        return;
    };
    let Some(target) = to.as_mut().filter(|to| !to.bucket_counts.is_empty()) else {
        *to = Some(from);
        return;
    };
    let end = |buckets: &Buckets| i64::from(buckets.offset) + buckets.bucket_counts.len() as i64;
    let first = i64::from(target.offset.min(from.offset));
    let last = end(target).max(end(&from));
    let width = last - first;
    if width > MAX_BUCKETS {
        // The counts stay right; where they lie is lost beyond what can be held.
        if let Some(count) = target.bucket_counts.first_mut() {
            *count = count.wrapping_add(from.bucket_counts.iter().sum());
        }
        return;
    }
    let mut counts = vec![0_u64; usize::try_from(width).unwrap_or(0)];
    for buckets in [&*target, &from] {
        let shift = usize::try_from(i64::from(buckets.offset) - first).unwrap_or(0);
        for (count, more) in counts.iter_mut().skip(shift).zip(&buckets.bucket_counts) {
            *count = count.wrapping_add(*more);
        }
    }
    target.offset = target.offset.min(from.offset);
    target.bucket_counts = counts;
}
