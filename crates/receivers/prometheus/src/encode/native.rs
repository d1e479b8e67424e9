//! Native histograms: exponential ones, and those with custom buckets.

use headwater_core::pdata::wire::put_varint;
use headwater_prometheus::exposition::{CUSTOM_BUCKETS, Counts, NativeHistogram, Span};

use super::point::{put_fixed, put_nested, put_number, put_packed};

/// The most buckets that are written of one side, those between spans included. A few bytes can
/// describe a gap of two thousand million buckets.
const MOST_BUCKETS: usize = 1 << 16;

/// The finest and the coarsest resolution.
const FINEST: i32 = 8;
const COARSEST: i32 = -4;

/// How fine a native histogram may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Resolution {
    /// The most buckets; 0 for any number.
    most_buckets: u64,
    finest: i32,
}

impl Default for Resolution {
    fn default() -> Self {
        Self::new(0, 0.0)
    }
}

impl Resolution {
    /// At most so many buckets, each larger than the one before by at least `factor`; 0 for no limit.
    pub(crate) fn new(most_buckets: u64, factor: f64) -> Self {
        // Source: Prometheus `scrape.pickSchema`.
        let factor = if factor <= 1.0 { 1.002_71 } else { factor };
        let finest = (-factor.log2().log2()).floor();
        Self {
            most_buckets,
            finest: finest.clamp(f64::from(COARSEST), f64::from(FINEST)) as i32,
        }
    }
}

/// Why a histogram is not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Problem {
    /// It has too many buckets at any resolution: the scrape fails.
    TooManyBuckets,
    /// It is not one that OTLP could hold.
    Malformed,
}

/// Buckets with their indices, ascending.
type Side = Vec<(i32, u64)>;

/// Appends the fields that hold the values of a native histogram.
pub(crate) fn put(
    out: &mut Vec<u8>,
    histogram: &NativeHistogram<'_>,
    resolution: Resolution,
) -> Result<(), Problem> {
    let (count, zeros) = match histogram.counts {
        Counts::Integer {
            count, zero_count, ..
        } => (count, zero_count),
        Counts::Float {
            count, zero_count, ..
        } => (count as u64, zero_count as u64),
    };
    let mut positive = side(histogram.positive_spans, histogram.counts, true)?;
    let mut negative = side(histogram.negative_spans, histogram.counts, false)?;
    let most = usize::try_from(resolution.most_buckets).unwrap_or(usize::MAX);
    let fits =
        |positive: &Side, negative: &Side| most == 0 || positive.len() + negative.len() <= most;
    put_fixed(out, 4, count);
    put_fixed(out, 5, histogram.sum.to_bits());
    if histogram.schema == CUSTOM_BUCKETS {
        if !fits(&positive, &negative) {
            return Err(Problem::TooManyBuckets);
        }
        put_custom(out, &positive, histogram.custom_bounds);
        return Ok(());
    }
    let mut schema = histogram.schema;
    while schema > resolution.finest || !fits(&positive, &negative) {
        if schema <= COARSEST {
            return Err(Problem::TooManyBuckets);
        }
        schema -= 1;
        halve(&mut positive);
        halve(&mut negative);
    }
    put_number(out, 6, u64::from(zigzag(schema)));
    put_fixed(out, 7, zeros);
    put_side(out, 8, &positive)?;
    put_side(out, 9, &negative)?;
    put_fixed(out, 14, histogram.zero_threshold.to_bits());
    Ok(())
}

/// Joins each two buckets.
fn halve(side: &mut Side) {
    for (index, _) in side.iter_mut() {
        *index = ((*index - 1) >> 1) + 1;
    }
    side.dedup_by(|(later, count), (index, sum)| {
        let same = later == index;
        if same {
            *sum = sum.saturating_add(*count);
        }
        same
    });
}

fn put_custom(out: &mut Vec<u8>, filled: &Side, bounds: &[f64]) {
    let mut buckets = vec![0_u64; bounds.len() + 1];
    for (index, count) in filled {
        if let Some(bucket) = usize::try_from(*index)
            .ok()
            .and_then(|at| buckets.get_mut(at))
        {
            *bucket = *count;
        }
    }
    put_packed(out, 6, buckets.into_iter());
    put_packed(out, 7, bounds.iter().map(|bound| bound.to_bits()));
}

fn put_side(out: &mut Vec<u8>, number: u8, side: &Side) -> Result<(), Problem> {
    let (Some((first, _)), Some((last, _))) = (side.first(), side.last()) else {
        return Ok(());
    };
    if i64::from(*last) - i64::from(*first) >= MOST_BUCKETS as i64 {
        return Err(Problem::Malformed);
    }
    let mut body = Vec::with_capacity(side.len() + 8);
    // OTLP names a bucket by its lower bound, Prometheus by its upper.
    put_number(&mut body, 1, u64::from(zigzag(first.wrapping_sub(1))));
    let mut packed = Vec::with_capacity(side.len());
    let mut next = *first;
    for (index, count) in side {
        packed.resize(packed.len() + (*index - next) as usize, 0);
        put_varint(&mut packed, *count);
        next = index + 1;
    }
    put_nested(&mut body, 2, &packed);
    put_nested(out, number, &body);
    Ok(())
}

/// The buckets of one side.
fn side(spans: &[Span], counts: Counts<'_>, positive: bool) -> Result<Side, Problem> {
    let mut buckets = Side::new();
    let mut at = 0;
    let mut absolute = 0_i64;
    let mut index = 0_i32;
    for span in spans {
        index = index.checked_add(span.offset).ok_or(Problem::Malformed)?;
        if span.length as usize > MOST_BUCKETS - buckets.len().min(MOST_BUCKETS) {
            return Err(Problem::Malformed);
        }
        for _ in 0..span.length {
            let count = match counts {
                Counts::Integer {
                    positive: up,
                    negative: down,
                    ..
                } => {
                    let deltas = if positive { up } else { down };
                    let delta = deltas.get(at).ok_or(Problem::Malformed)?;
                    absolute = absolute.checked_add(*delta).ok_or(Problem::Malformed)?;
                    u64::try_from(absolute).map_err(|_| Problem::Malformed)?
                }
                Counts::Float {
                    positive: up,
                    negative: down,
                    ..
                } => {
                    let counts = if positive { up } else { down };
                    let count = *counts.get(at).ok_or(Problem::Malformed)?;
                    if count.is_nan() || count < 0.0 {
                        return Err(Problem::Malformed);
                    }
                    count as u64
                }
            };
            at += 1;
            buckets.push((index, count));
            index = index.checked_add(1).ok_or(Problem::Malformed)?;
        }
    }
    Ok(buckets)
}

const fn zigzag(value: i32) -> u32 {
    ((value << 1) ^ (value >> 31)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_factor_picks_the_resolution() {
        for (factor, schema) in [(0.0, 8), (65536.0, -4), (2.0, 0), (1.1, 2), (1.002, 8)] {
            assert_eq!(Resolution::new(0, factor).finest, schema, "{factor}");
        }
    }

    #[test]
    fn halving_joins_the_buckets_below_one_bound() {
        // Upper bounds 2^(1/2), 2^1, 2^(3/2), 2^2 become 2^1, 2^2.
        let mut side = vec![(-1, 1), (1, 2), (2, 3), (3, 4), (4, 5)];
        halve(&mut side);
        assert_eq!(side, [(0, 1), (1, 5), (2, 9)]);
    }

    #[test]
    fn a_gap_of_a_few_bytes_does_not_become_gigabytes() {
        let histogram = NativeHistogram {
            gauge: false,
            schema: 0,
            zero_threshold: 0.0,
            sum: 1.0,
            positive_spans: &[
                Span {
                    offset: 0,
                    length: 1,
                },
                Span {
                    offset: i32::MAX - 5,
                    length: 1,
                },
            ],
            negative_spans: &[],
            counts: Counts::Integer {
                count: 2,
                zero_count: 0,
                positive: &[1, 0],
                negative: &[],
            },
            custom_bounds: &[],
        };
        let outcome = put(&mut Vec::new(), &histogram, Resolution::default());
        assert_eq!(outcome, Err(Problem::Malformed));
    }
}
