//! Native histograms as OTLP has them.

use headwater_core::pdata::owned::{
    Buckets as Exponential, ExponentialHistogramDataPoint, HistogramDataPoint,
};
use headwater_prometheus::remote_write::{Buckets, Count, Histogram, STALE_NAN};

/// A histogram with more buckets than this, gaps included, is refused: a single gap may claim
/// billions.
const MOST_BUCKETS: i64 = 20_000;

/// The schema of histograms whose bounds are listed.
const CUSTOM: i32 = -53;
/// The reset hint of histograms that may shrink.
const GAUGE: u64 = 3;

/// A native histogram's form in OTLP.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Converted {
    Exponential(ExponentialHistogramDataPoint),
    Explicit(HistogramDataPoint),
}

const fn nanoseconds(milliseconds: i64) -> u64 {
    (if milliseconds < 0 {
        0
    } else {
        milliseconds as u64
    })
    .saturating_mul(1_000_000)
}

/// Converts a histogram without attributes.
pub(crate) fn convert(from: &Histogram) -> Result<Converted, String> {
    if from.reset_hint == GAUGE {
        return Err("gauge histograms have no form in OTLP".to_owned());
    }
    let stale = from.sum.to_bits() == STALE_NAN;
    let flags = u32::from(stale);
    let (time, start) = (nanoseconds(from.timestamp), nanoseconds(from.start));
    let count = if stale { 0 } else { whole(from.count)? };
    let sum = (!stale).then_some(from.sum);
    if from.schema == CUSTOM {
        let bucket_counts = if stale {
            Vec::new()
        } else {
            custom_counts(from)?
        };
        return Ok(Converted::Explicit(HistogramDataPoint {
            start_time_unix_nano: start,
            time_unix_nano: time,
            count,
            sum,
            bucket_counts,
            explicit_bounds: if stale {
                Vec::new()
            } else {
                from.custom_values.clone()
            },
            flags,
            ..HistogramDataPoint::default()
        }));
    }
    if !(-4..=8).contains(&from.schema) {
        return Err(format!("unknown histogram schema {}", from.schema));
    }
    let side = |buckets: &Buckets| {
        if stale {
            Ok(None)
        } else {
            exponential(buckets).map(Some)
        }
    };
    Ok(Converted::Exponential(ExponentialHistogramDataPoint {
        start_time_unix_nano: start,
        time_unix_nano: time,
        count,
        sum,
        scale: from.schema,
        zero_count: if stale { 0 } else { whole(from.zero_count)? },
        positive: side(&from.positive)?,
        negative: side(&from.negative)?,
        flags,
        zero_threshold: from.zero_threshold,
        ..ExponentialHistogramDataPoint::default()
    }))
}

fn whole(count: Count) -> Result<u64, String> {
    match count {
        Count::Int(count) => Ok(count),
        Count::Float(count) if count >= 0.0 && count.fract() == 0.0 && count < 9e15 => {
            Ok(count as u64)
        }
        Count::Float(count) => Err(format!("the count {count} is not a whole number")),
    }
}

/// Index and count of each bucket that is listed.
fn listed(buckets: &Buckets) -> Result<Vec<(i64, u64)>, String> {
    let mut counts = Vec::with_capacity(buckets.deltas.len() + buckets.counts.len());
    let mut absolute = 0_i64;
    for delta in &buckets.deltas {
        absolute = absolute.wrapping_add(*delta);
        let count =
            u64::try_from(absolute).map_err(|_| "a bucket's count is negative".to_owned())?;
        counts.push(count);
    }
    for count in &buckets.counts {
        counts.push(whole(Count::Float(*count))?);
    }
    let named: u64 = buckets
        .spans
        .iter()
        .map(|span| u64::from(span.length))
        .sum();
    if named != counts.len() as u64 {
        return Err(format!(
            "spans name {named} buckets, but {} are there",
            counts.len()
        ));
    }
    let mut all = Vec::with_capacity(counts.len());
    let mut counts = counts.into_iter();
    let mut index = 0_i64;
    for (at, span) in buckets.spans.iter().enumerate() {
        if at > 0 && span.offset < 0 {
            return Err("spans overlap".to_owned());
        }
        index += i64::from(span.offset);
        for count in counts.by_ref().take(span.length as usize) {
            all.push((index, count));
            index += 1;
        }
    }
    Ok(all)
}

/// All buckets from `first` to the last one that is listed.
fn dense(all: &[(i64, u64)], first: i64) -> Result<Vec<u64>, String> {
    let Some((last, _)) = all.last() else {
        return Ok(Vec::new());
    };
    if first > all[0].0 || last - first >= MOST_BUCKETS {
        return Err(format!(
            "the histogram has more than {MOST_BUCKETS} buckets"
        ));
    }
    let mut counts = vec![0; (last - first + 1) as usize];
    for (index, count) in all {
        counts[(index - first) as usize] = *count;
    }
    Ok(counts)
}

fn exponential(buckets: &Buckets) -> Result<Exponential, String> {
    let all = listed(buckets)?;
    let first = all.first().map_or(0, |(index, _)| *index);
    let offset = if all.is_empty() { 0 } else { first - 1 };
    Ok(Exponential {
        offset: i32::try_from(offset).map_err(|_| "a bucket index is out of range".to_owned())?,
        bucket_counts: dense(&all, first)?,
        ..Exponential::default()
    })
}

fn custom_counts(from: &Histogram) -> Result<Vec<u64>, String> {
    let mut counts = dense(&listed(&from.positive)?, 0)?;
    let want = from.custom_values.len() + 1;
    if counts.len() > want {
        return Err(format!("{} buckets for {} bounds", counts.len(), want - 1));
    }
    counts.resize(want, 0);
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use headwater_prometheus::remote_write::BucketSpan;

    use super::*;

    fn histogram(spans: &[(i32, u32)], deltas: &[i64]) -> Histogram {
        Histogram {
            count: Count::Int(9),
            sum: 1.0,
            schema: 2,
            positive: Buckets {
                spans: spans
                    .iter()
                    .map(|(offset, length)| BucketSpan {
                        offset: *offset,
                        length: *length,
                    })
                    .collect(),
                deltas: deltas.to_vec(),
                counts: Vec::new(),
            },
            ..Histogram::default()
        }
    }

    #[test]
    fn gaps_are_filled_and_offsets_are_one_less() {
        let Converted::Exponential(point) =
            convert(&histogram(&[(-2, 1), (2, 2)], &[1, 1, 2])).unwrap()
        else {
            panic!("not exponential");
        };
        let positive = point.positive.unwrap();
        assert_eq!((positive.offset, point.scale), (-3, 2));
        assert_eq!(positive.bucket_counts, [1, 0, 0, 2, 4]);
    }

    #[test]
    fn custom_buckets_become_bounds() {
        let mut custom = histogram(&[(1, 2)], &[4, 1]);
        custom.schema = CUSTOM;
        custom.custom_values = vec![0.5, 1.0, 2.0];
        let Converted::Explicit(point) = convert(&custom).unwrap() else {
            panic!("not explicit");
        };
        assert_eq!(point.bucket_counts, [0, 4, 5, 0]);
        assert_eq!(point.explicit_bounds, [0.5, 1.0, 2.0]);
    }

    #[test]
    fn what_lies_is_refused_before_it_costs_memory() {
        for (spans, deltas) in [
            (&[(0, 1), (i32::MAX, 1)][..], &[1, 1][..]),
            (&[(0, u32::MAX)], &[1]),
            (&[(0, 2), (-1, 1)], &[1, 1, 1]),
            (&[(0, 1)], &[-1]),
        ] {
            assert!(convert(&histogram(spans, deltas)).is_err(), "{spans:?}");
        }
        let mut gauge = histogram(&[(0, 1)], &[1]);
        gauge.reset_hint = GAUGE;
        assert!(convert(&gauge).is_err());
        gauge.reset_hint = 0;
        gauge.schema = 9;
        assert!(convert(&gauge).is_err());
    }

    #[test]
    fn the_end_of_a_series_has_no_value() {
        let mut stale = histogram(&[(0, 1)], &[1]);
        stale.sum = f64::from_bits(STALE_NAN);
        let Converted::Exponential(point) = convert(&stale).unwrap() else {
            panic!("not exponential");
        };
        assert_eq!((point.flags, point.count, point.sum), (1, 0, None));
        assert!(point.positive.is_none());
    }
}
