//! What is remembered of each stream. Source: Go `tracking.MetricTracker`.

use std::time::Duration;

use headwater_aggregation::{Fingerprint, FingerprintMap};
use tokio::time::Instant;

use crate::config::InitialValue;
use crate::exponential::ExponentialPoint;

/// A point as numbers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Int(i64),
    Double(f64),
    Histogram(HistogramPoint),
    Exponential(Box<ExponentialPoint>),
}

/// A distribution with explicit bounds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HistogramPoint {
    pub(crate) count: u64,
    pub(crate) sum: f64,
    pub(crate) counts: Vec<u64>,
    /// The fingerprint of the bounds.
    pub(crate) bounds: Fingerprint,
}

/// A point that came.
#[derive(Debug)]
pub(crate) struct Observed {
    pub(crate) stream: Fingerprint,
    /// Unit: nanoseconds since 1970.
    pub(crate) start: u64,
    /// Unit: nanoseconds since 1970.
    pub(crate) time: u64,
    pub(crate) value: Value,
}

/// What takes its place.
#[derive(Debug, PartialEq)]
pub(crate) struct Delta {
    /// Unit: nanoseconds since 1970.
    pub(crate) start: u64,
    pub(crate) value: Value,
}

/// Why a point is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dropped {
    /// It only says where its stream begins.
    First,
    /// Its stream begins anew.
    Reset,
    /// There are too many streams.
    Full,
}

#[derive(Debug)]
struct State {
    time: u64,
    value: Value,
}

/// The last point of each stream.
#[derive(Debug)]
pub(crate) struct Tracker {
    streams: FingerprintMap<State>,
    most: usize,
    initial: InitialValue,
    /// When the processor was made. Unit: nanoseconds since 1970.
    started: u64,
    max_staleness: Duration,
    swept: Instant,
}

impl Tracker {
    pub(crate) fn new(
        most: usize,
        initial: InitialValue,
        max_staleness: Duration,
        started: u64,
    ) -> Self {
        Self {
            streams: FingerprintMap::default(),
            most,
            initial,
            started,
            max_staleness,
            swept: Instant::now(),
        }
    }

    /// How many streams are remembered.
    pub(crate) fn len(&self) -> usize {
        self.streams.len()
    }

    /// Once in `max_staleness`, forgets the streams whose last point is older than that.
    pub(crate) fn sweep(&mut self, now_unix_nano: u64) {
        if self.max_staleness.is_zero() || self.swept.elapsed() < self.max_staleness {
            return;
        }
        self.swept = Instant::now();
        let age = u64::try_from(self.max_staleness.as_nanos()).unwrap_or(u64::MAX);
        let oldest = now_unix_nano.saturating_sub(age);
        self.streams.retain(|_, state| state.time >= oldest);
    }

    /// What `observed` adds to the point before it.
    pub(crate) fn convert(&mut self, observed: Observed) -> Result<Delta, Dropped> {
        let Observed {
            stream,
            start,
            time,
            value,
        } = observed;
        let Some(state) = self.streams.get_mut(&stream) else {
            return self.first(stream, start, time, value);
        };
        let since = state.time;
        let delta = match (&value, &mut state.value) {
            (Value::Int(now), Value::Int(before)) => {
                (now >= before).then(|| Value::Int(now.wrapping_sub(*before)))
            }
            (Value::Double(now), Value::Double(before)) => {
                (now >= before).then(|| Value::Double(now - *before))
            }
            (Value::Histogram(now), Value::Histogram(before)) => histogram(now, before),
            (Value::Exponential(now), Value::Exponential(before)) => {
                // What cannot follow does not count as the last point either, as upstream.
                let Some(delta) = now.since(before) else {
                    return Err(Dropped::Reset);
                };
                Some(Value::Exponential(Box::new(delta)))
            }
            // The kind is part of what makes a stream.
            _ => None,
        };
        let mut value = value;
        // A sum that is no number is the one before.
        if let (Value::Histogram(now), Value::Histogram(before)) = (&mut value, &state.value)
            && now.sum.is_nan()
        {
            now.sum = before.sum;
        }
        *state = State { time, value };
        delta
            .map(|value| Delta {
                start: since,
                value,
            })
            .ok_or(Dropped::Reset)
    }

    fn first(
        &mut self,
        stream: Fingerprint,
        start: u64,
        time: u64,
        value: Value,
    ) -> Result<Delta, Dropped> {
        if self.streams.len() >= self.most {
            return Err(Dropped::Full);
        }
        let state = State {
            time,
            value: value.clone(),
        };
        self.streams.insert(stream, state);
        match self.initial {
            InitialValue::Auto if start >= self.started && start != time => {
                Ok(Delta { start, value })
            }
            InitialValue::Keep => Ok(Delta { start: 0, value }),
            InitialValue::Auto | InitialValue::Drop => Err(Dropped::First),
        }
    }
}

/// None if the buckets are not the same ones; the whole value if it begins anew.
fn histogram(now: &HistogramPoint, before: &HistogramPoint) -> Option<Value> {
    if now.counts.len() != before.counts.len() || now.bounds != before.bounds {
        return None;
    }
    let mut delta = now.clone();
    if delta.sum.is_nan() {
        delta.sum = before.sum;
    }
    if delta.count >= before.count {
        delta.count -= before.count;
        delta.sum -= before.sum;
        for (count, before) in delta.counts.iter_mut().zip(&before.counts) {
            *count = count.saturating_sub(*before);
        }
    }
    Some(Value::Histogram(delta))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn tracker(initial: InitialValue) -> Tracker {
        Tracker::new(10, initial, Duration::from_secs(60), 100 * SECOND)
    }

    fn seen(
        tracker: &mut Tracker,
        start: u64,
        time: u64,
        value: i64,
    ) -> Result<(u64, i64), Dropped> {
        let observed = Observed {
            stream: Fingerprint::from(start),
            start: start * SECOND,
            time: time * SECOND,
            value: Value::Int(value),
        };
        tracker.convert(observed).map(|delta| match delta.value {
            Value::Int(value) => (delta.start / SECOND, value),
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn the_first_point_passes_if_it_is_known_since_when_it_counts() {
        let mut auto = tracker(InitialValue::Auto);
        assert_eq!(seen(&mut auto, 100, 110, 5), Ok((100, 5)));
        assert_eq!(seen(&mut auto, 99, 110, 5), Err(Dropped::First));
        assert_eq!(seen(&mut auto, 120, 120, 5), Err(Dropped::First));
        assert_eq!(seen(&mut auto, 99, 120, 7), Ok((110, 2)));
        assert_eq!(seen(&mut tracker(InitialValue::Keep), 1, 2, 5), Ok((0, 5)));
        let mut drop = tracker(InitialValue::Drop);
        assert_eq!(seen(&mut drop, 100, 110, 5), Err(Dropped::First));
    }

    #[test]
    fn a_value_that_falls_is_a_new_beginning() {
        let mut tracker = tracker(InitialValue::Keep);
        seen(&mut tracker, 1, 2, 5).unwrap();
        assert_eq!(seen(&mut tracker, 1, 3, 3), Err(Dropped::Reset));
        assert_eq!(seen(&mut tracker, 1, 4, 10), Ok((3, 7)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_stale_is_forgotten_and_makes_room() {
        let mut tracker = tracker(InitialValue::Keep);
        for stream in 0..10 {
            seen(&mut tracker, stream, 100 + stream, 1).unwrap();
        }
        assert_eq!(seen(&mut tracker, 10, 200, 1), Err(Dropped::Full));
        tracker.sweep(165 * SECOND);
        assert_eq!(tracker.len(), 10, "not yet");
        tokio::time::advance(Duration::from_secs(60)).await;
        tracker.sweep(165 * SECOND);
        assert_eq!(tracker.len(), 5);
        assert_eq!(seen(&mut tracker, 10, 200, 1), Ok((0, 1)));
    }
}
