//! The calls between one pair of services.

use headwater_aggregation::{ExponentialHistogram, Fingerprint, FingerprintMap, bucket_of};

/// The calls of one combination of attributes.
#[derive(Debug)]
pub(crate) struct Series {
    /// As [`headwater_aggregation::point::AttributeList`] has them.
    pub(crate) attributes: Box<[u8]>,
    pub(crate) calls: u64,
    pub(crate) failed: u64,
    pub(crate) server: Latencies,
    pub(crate) client: Latencies,
    /// The last call, in milliseconds since the connector was made.
    pub(crate) seen: u64,
}

/// A distribution of durations in seconds.
#[derive(Debug)]
pub(crate) enum Latencies {
    /// Counts per bucket.
    Explicit {
        counts: Box<[u64]>,
        sum: f64,
    },
    Exponential(Box<ExponentialHistogram>),
}

/// What distributions look like.
#[derive(Debug)]
pub(crate) enum Buckets {
    Explicit(Box<[f64]>),
    /// At most so many.
    Exponential(i32),
}

impl Buckets {
    fn empty(&self) -> Latencies {
        match self {
            Self::Explicit(bounds) => Latencies::Explicit {
                counts: vec![0; bounds.len() + 1].into(),
                sum: 0.0,
            },
            Self::Exponential(most) => {
                Latencies::Exponential(Box::new(ExponentialHistogram::new(*most)))
            }
        }
    }
}

impl Latencies {
    fn record(&mut self, seconds: f64, buckets: &Buckets) {
        match (self, buckets) {
            (Self::Explicit { counts, sum }, Buckets::Explicit(bounds)) => {
                *sum += seconds;
                counts[bucket_of(bounds, seconds)] += 1;
            }
            (Self::Exponential(histogram), _) => histogram.record(seconds, 1),
            (Self::Explicit { .. }, Buckets::Exponential(_)) => {}
        }
    }
}

/// One call as its series sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) failed: bool,
    /// Unit: seconds.
    pub(crate) server: f64,
    pub(crate) client: f64,
    /// See [`Series::seen`].
    pub(crate) now: u64,
}

/// All series; at most `most`, and one for the rest.
#[derive(Debug)]
pub(crate) struct Table {
    series: FingerprintMap<Series>,
    overflow: Option<Box<Series>>,
    most: usize,
    pub(crate) buckets: Buckets,
}

impl Table {
    pub(crate) fn new(most: usize, buckets: Buckets) -> Self {
        Self {
            series: FingerprintMap::default(),
            overflow: None,
            most,
            buckets,
        }
    }

    /// Counts a call of the series `key`; `attributes` gives its attributes, or those of the
    /// series for the rest if asked with true.
    pub(crate) fn count(
        &mut self,
        key: Fingerprint,
        call: &Call,
        attributes: impl FnOnce(bool) -> Box<[u8]>,
    ) {
        let buckets = &self.buckets;
        let new = |attributes| Series {
            attributes,
            calls: 0,
            failed: 0,
            server: buckets.empty(),
            client: buckets.empty(),
            seen: 0,
        };
        let is_full = self.series.len() >= self.most;
        let series = match self.series.get_mut(&key) {
            Some(series) => series,
            None if is_full => self
                .overflow
                .get_or_insert_with(|| Box::new(new(attributes(true)))),
            None => self.series.entry(key).or_insert(new(attributes(false))),
        };
        series.calls += 1;
        series.failed += u64::from(call.failed);
        series.server.record(call.server, buckets);
        series.client.record(call.client, buckets);
        series.seen = call.now;
    }

    /// Every series.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Series> {
        self.series.values().chain(self.overflow.as_deref())
    }

    /// Forgets the series that were last seen before `oldest`.
    pub(crate) fn forget(&mut self, oldest: u64) {
        self.series.retain(|_, series| series.seen >= oldest);
        self.overflow = self.overflow.take().filter(|series| series.seen >= oldest);
    }
}
