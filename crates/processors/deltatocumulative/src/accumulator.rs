//! The sums so far. Source: Go `deltatocumulativeprocessor/internal/{data,delta}`.

use std::time::Duration;

use headwater_aggregation::{Fingerprint, FingerprintMap};
use tokio::time::Instant;

use crate::exponential::ExponentialPoint;

/// How often stale streams are looked for.
const SWEEP: Duration = Duration::from_secs(60);

/// A point as numbers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Int(i64),
    Double(f64),
    /// Neither: it adds nothing.
    None,
    Histogram(HistogramPoint),
    Exponential(Box<ExponentialPoint>),
}

/// A distribution with explicit bounds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HistogramPoint {
    pub(crate) count: u64,
    pub(crate) counts: Vec<u64>,
    pub(crate) sum: Option<f64>,
    pub(crate) extremes: Extremes,
    /// The fingerprint of the bounds.
    pub(crate) bounds: Fingerprint,
}

/// The smallest and the largest value, if they are known.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Extremes {
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
}

impl Extremes {
    pub(crate) fn add(&mut self, other: Self) {
        self.min = joined(self.min, other.min, f64::min);
        self.max = joined(self.max, other.max, f64::max);
    }
}

/// What is known of one only is not known of both.
pub(crate) fn joined(a: Option<f64>, b: Option<f64>, join: fn(f64, f64) -> f64) -> Option<f64> {
    Some(join(a?, b?))
}

/// A point that came, or the sum so far.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    /// Unit: nanoseconds since 1970.
    pub(crate) start: u64,
    /// Unit: nanoseconds since 1970.
    pub(crate) time: u64,
    pub(crate) value: Value,
}

/// Why a point is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dropped {
    /// It begins before its stream did.
    OlderStart,
    /// Its stream is further already.
    OutOfOrder,
    /// There are too many streams.
    Limit,
}

#[derive(Debug)]
struct Stream {
    sum: Sample,
    seen: Instant,
}

/// The sum of each stream.
#[derive(Debug)]
pub(crate) struct Accumulator {
    streams: FingerprintMap<Stream>,
    most: usize,
    max_stale: Duration,
    swept: Instant,
}

impl Accumulator {
    pub(crate) fn new(most: usize, max_stale: Duration) -> Self {
        Self {
            streams: FingerprintMap::default(),
            most,
            max_stale,
            swept: Instant::now(),
        }
    }

    /// How many streams are kept.
    pub(crate) fn len(&self) -> usize {
        self.streams.len()
    }

    /// Once a minute, forgets the streams that have not been seen for `max_stale`.
    pub(crate) fn sweep(&mut self, now: Instant) {
        if now.saturating_duration_since(self.swept) < SWEEP {
            return;
        }
        self.swept = now;
        let max_stale = self.max_stale;
        self.streams
            .retain(|_, stream| now.saturating_duration_since(stream.seen) <= max_stale);
    }

    /// Adds a point to its stream and gives the sum.
    pub(crate) fn add(
        &mut self,
        stream: Fingerprint,
        sample: Sample,
        now: Instant,
    ) -> Result<&Sample, Dropped> {
        if !self.streams.contains_key(&stream) && self.streams.len() >= self.most {
            return Err(Dropped::Limit);
        }
        let Stream { sum, seen } = self.streams.entry(stream).or_insert_with(|| Stream {
            sum: Sample {
                start: 0,
                time: 0,
                value: Value::None,
            },
            seen: now,
        });
        *seen = now;
        if sum.time == 0 {
            *sum = sample;
            return Ok(sum);
        }
        if sample.start < sum.start {
            return Err(Dropped::OlderStart);
        }
        if sample.time <= sum.time {
            return Err(Dropped::OutOfOrder);
        }
        let time = sample.time;
        add(sum, sample);
        sum.time = time;
        Ok(sum)
    }
}

fn add(sum: &mut Sample, sample: Sample) {
    match (&mut sum.value, sample.value) {
        (Value::Int(sum), Value::Int(more)) => *sum = sum.wrapping_add(more),
        (Value::Double(sum), Value::Double(more)) => *sum += more,
        // A sum that changes its kind begins with nothing of the new kind, as upstream.
        (sum, more @ (Value::Int(_) | Value::Double(_))) => *sum = more,
        (_, Value::None) => {}
        (Value::Histogram(sum), Value::Histogram(more)) if sum.bounds == more.bounds => {
            for (count, more) in sum.counts.iter_mut().zip(more.counts) {
                *count = count.wrapping_add(more);
            }
            sum.count = sum.count.wrapping_add(more.count);
            sum.sum = joined(sum.sum, more.sum, |a, b| a + b);
            sum.extremes.add(more.extremes);
        }
        (Value::Exponential(sum), Value::Exponential(more)) => sum.add(*more),
        // Buckets that cannot be added begin anew.
        (value, more) => {
            *value = more;
            sum.start = sample.start;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(start: u64, time: u64, value: i64) -> Sample {
        Sample {
            start,
            time,
            value: Value::Int(value),
        }
    }

    #[test]
    fn what_is_older_or_out_of_order_is_dropped() {
        let now = Instant::now();
        let mut all = Accumulator::new(2, Duration::from_secs(300));
        assert_eq!(all.add(1, sample(10, 20, 5), now), Ok(&sample(10, 20, 5)));
        assert_eq!(all.add(1, sample(20, 30, 2), now), Ok(&sample(10, 30, 7)));
        assert_eq!(all.add(1, sample(5, 40, 2), now), Err(Dropped::OlderStart));
        assert_eq!(all.add(1, sample(20, 30, 2), now), Err(Dropped::OutOfOrder));
        assert_eq!(all.add(1, sample(30, 40, 1), now), Ok(&sample(10, 40, 8)));
        all.add(2, sample(1, 2, 3), now).unwrap();
        assert_eq!(all.add(3, sample(1, 2, 3), now), Err(Dropped::Limit));
    }

    #[test]
    fn what_is_stale_is_forgotten_once_a_minute() {
        let now = Instant::now();
        let mut all = Accumulator::new(2, Duration::from_secs(90));
        all.swept = now;
        all.add(1, sample(1, 2, 3), now).unwrap();
        all.sweep(now + Duration::from_secs(60));
        assert_eq!(all.len(), 1);
        all.sweep(now + Duration::from_secs(100));
        assert_eq!(all.len(), 1, "the last look is not a minute ago");
        all.sweep(now + Duration::from_secs(120));
        assert_eq!(all.len(), 0);
    }
}
