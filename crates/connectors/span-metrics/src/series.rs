//! One series, and the series of one metric of one resource.

use headwater_aggregation::point::{Exemplar, overflow};
use headwater_aggregation::{Buckets, Distribution, Fingerprint, FingerprintMap};

/// What is known of one combination of attributes.
#[derive(Debug)]
pub(crate) struct Series {
    /// As [`headwater_aggregation::point::AttributeList`] has them.
    pub(crate) attributes: Box<[u8]>,
    /// Since when it counts. Unit: nanoseconds since 1970.
    pub(crate) start: u64,
    /// The last span, in milliseconds since the connector was made.
    pub(crate) seen: u64,
    /// It has never been sent.
    pub(crate) fresh: bool,
    pub(crate) count: u64,
    /// Bytes of the spans.
    pub(crate) size: u64,
    pub(crate) distribution: Distribution,
    /// Since the last flush.
    pub(crate) exemplars: Vec<Exemplar>,
}

/// One span as its series sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Observation {
    /// Times that it counts.
    pub(crate) times: u64,
    /// In the unit of durations.
    pub(crate) duration: f64,
    pub(crate) size: u64,
    /// To be kept as an example, if there is room.
    pub(crate) exemplar: Option<Exemplar>,
    /// See [`Series::seen`].
    pub(crate) now: u64,
}

/// Limits of a [`Table`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    /// How many series there may be in a table; 0 means any number.
    pub(crate) per_table: usize,
    /// How many more there may be anywhere.
    pub(crate) anywhere: usize,
    /// Exemplars per series.
    pub(crate) exemplars: usize,
}

/// The series of one metric of one resource.
#[derive(Debug, Default)]
pub(crate) struct Table {
    series: FingerprintMap<Series>,
    /// What had no room.
    overflow: Option<Box<Series>>,
}

impl Series {
    fn new(attributes: Box<[u8]>, start: u64, buckets: &Buckets) -> Self {
        Self {
            attributes,
            start,
            seen: 0,
            fresh: true,
            count: 0,
            size: 0,
            distribution: buckets.empty(),
            exemplars: Vec::new(),
        }
    }

    #[inline]
    fn observe(&mut self, seen: &Observation, buckets: &Buckets, exemplars: usize) {
        let times = seen.times;
        self.count = self.count.wrapping_add(times);
        self.size = self.size.wrapping_add(seen.size);
        self.seen = seen.now;
        self.distribution.record(seen.duration, times, buckets);
        if let Some(exemplar) = seen.exemplar
            && self.exemplars.len() < exemplars
        {
            self.exemplars.push(exemplar);
        }
    }
}

impl Table {
    /// Counts a span. True if that made a series.
    #[inline]
    pub(crate) fn observe(
        &mut self,
        key: Fingerprint,
        seen: &Observation,
        buckets: &Buckets,
        room: Room,
        start: u64,
        attributes: impl FnOnce() -> Box<[u8]>,
    ) -> bool {
        if let Some(series) = self.series.get_mut(&key) {
            series.observe(seen, buckets, room.exemplars);
            return false;
        }
        let is_full = room.per_table > 0 && self.series.len() >= room.per_table;
        if is_full || room.anywhere == 0 {
            let new = || Box::new(Series::new(overflow(), start, buckets));
            // Its spans have nothing in common, so none of them is an example.
            self.overflow
                .get_or_insert_with(new)
                .observe(seen, buckets, 0);
            return false;
        }
        let mut series = Series::new(attributes(), start, buckets);
        series.observe(seen, buckets, room.exemplars);
        self.series.insert(key, series);
        true
    }

    /// How many series there are, the overflowing one aside.
    pub(crate) fn len(&self) -> usize {
        self.series.len()
    }

    /// Every series with its key, the overflowing one under the key 0.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (Fingerprint, &mut Series)> {
        let overflow = self.overflow.as_deref_mut().map(|series| (0, series));
        let series = self.series.iter_mut().map(|(key, series)| (*key, series));
        series.chain(overflow)
    }

    /// Forgets the examples, and the series that were last seen before `oldest`: so many are
    /// gone.
    pub(crate) fn settle(&mut self, oldest: u64) -> usize {
        let before = self.series.len();
        if oldest > 0 {
            self.series.retain(|_, series| series.seen >= oldest);
            self.overflow = self.overflow.take().filter(|series| series.seen >= oldest);
        }
        for (_, series) in self.iter_mut() {
            // With its memory: most series have no example most of the time.
            series.exemplars = Vec::new();
        }
        before - self.series.len()
    }
}
