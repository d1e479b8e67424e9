//! The calls between one pair of services.

use headwater_aggregation::{Buckets, Distribution, Fingerprint, FingerprintMap};

/// The calls of one combination of attributes.
#[derive(Debug)]
pub(crate) struct Series {
    /// As [`headwater_aggregation::point::AttributeList`] has them.
    pub(crate) attributes: Box<[u8]>,
    pub(crate) calls: u64,
    pub(crate) failed: u64,
    /// Unit: seconds.
    pub(crate) server: Distribution,
    /// Unit: seconds.
    pub(crate) client: Distribution,
    /// The last call, in milliseconds since the connector was made.
    pub(crate) seen: u64,
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

    /// Counts a call of the series `key`, or of the one for the rest if it must not have one of its
    /// own; `attributes` gives its attributes, or those of the series for the rest if asked with
    /// true.
    pub(crate) fn count(
        &mut self,
        key: Fingerprint,
        call: &Call,
        has_room: bool,
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
        let is_full = !has_room || self.series.len() >= self.most;
        let series = match self.series.get_mut(&key) {
            Some(series) => series,
            None if is_full => self
                .overflow
                .get_or_insert_with(|| Box::new(new(attributes(true)))),
            None => self.series.entry(key).or_insert(new(attributes(false))),
        };
        series.calls += 1;
        series.failed += u64::from(call.failed);
        series.server.record(call.server, 1, buckets);
        series.client.record(call.client, 1, buckets);
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
