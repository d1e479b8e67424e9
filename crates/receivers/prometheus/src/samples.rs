//! The samples of one scrape, before they are written as OTLP.

use std::ops::Range;

use headwater_prometheus::exposition::is_stale;

use crate::cache::{Cache, NONE, Role};

/// One sample: 24 bytes, so that a scrape can be held as a whole until it is known to be good.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) series: u32,
    /// The next sample of the same group.
    pub(crate) next: u32,
    /// The value; of a native histogram its place among the histograms.
    pub(crate) value: f64,
    /// Milliseconds since 1970.
    pub(crate) timestamp: i64,
}

impl Sample {
    /// Whether it says that the series is gone.
    #[inline]
    pub(crate) fn is_stale(&self) -> bool {
        is_stale(self.value)
    }
}

/// The samples of a scrape. The buffers are used again.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    pub(crate) list: Vec<Sample>,
    /// Encoded exemplars and the samples they belong to, by sample.
    exemplars: Vec<(u32, Range<u32>)>,
    exemplar_bytes: Vec<u8>,
    histograms: Vec<Range<u32>>,
    histogram_bytes: Vec<u8>,
    /// Whether samples of one stream do not all follow each other.
    pub(crate) scattered: bool,
    stream: u32,
    section: (u32, u32),
    ranks: u32,
    /// The order in which to write samples, if they are scattered.
    order: Vec<u32>,
}

impl Samples {
    pub(crate) fn clear(&mut self) {
        self.list.clear();
        self.exemplars.clear();
        self.exemplar_bytes.clear();
        self.histograms.clear();
        self.histogram_bytes.clear();
        self.order.clear();
        self.scattered = false;
        self.stream = NONE;
        self.section = (NONE, NONE);
        self.ranks = 0;
    }

    /// The memory held, in bytes.
    pub(crate) fn capacity(&self) -> usize {
        self.list.capacity() * size_of::<Sample>()
            + self.exemplar_bytes.capacity()
            + self.histogram_bytes.capacity()
            + self.order.capacity() * size_of::<u32>()
    }

    /// Adds a sample and returns its place.
    #[inline]
    pub(crate) fn push(
        &mut self,
        cache: &mut Cache,
        series: u32,
        value: f64,
        timestamp: i64,
    ) -> u32 {
        let at = self.list.len() as u32;
        self.list.push(Sample {
            series,
            next: NONE,
            value,
            timestamp,
        });
        let known = cache.series(series);
        let (role, stream, group) = (known.role, known.stream, known.group);
        if stream != self.stream {
            self.enter(cache, stream);
        }
        if role.is_grouped() {
            self.link(cache, group, at);
        }
        at
    }

    fn link(&mut self, cache: &mut Cache, group: u32, at: u32) {
        let scrape = cache.scrape();
        let group = cache.group_mut(group);
        if group.seen == scrape {
            self.list[group.last as usize].next = at;
        } else {
            group.seen = scrape;
            group.first = at;
        }
        group.last = at;
    }

    fn enter(&mut self, cache: &mut Cache, at: u32) {
        self.stream = at;
        let scrape = cache.scrape();
        let stream = cache.stream_mut(at);
        let section = (stream.resource, stream.scope);
        if section != self.section {
            // With several resources or scopes, those that belong together are brought together.
            self.scattered |= self.section != (NONE, NONE);
            self.section = section;
        }
        if stream.marked == scrape {
            self.scattered = true;
        } else {
            stream.marked = scrape;
            stream.rank = self.ranks;
            self.ranks += 1;
        }
    }

    /// Adds an encoded exemplar to the sample `at`, which is the last one.
    pub(crate) fn push_exemplar(&mut self, at: u32, encode: impl FnOnce(&mut Vec<u8>)) {
        let start = self.exemplar_bytes.len() as u32;
        encode(&mut self.exemplar_bytes);
        self.exemplars
            .push((at, start..self.exemplar_bytes.len() as u32));
    }

    /// Adds an encoded native histogram and returns the value of its sample.
    pub(crate) fn push_histogram(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> f64 {
        let start = self.histogram_bytes.len() as u32;
        encode(&mut self.histogram_bytes);
        self.histograms
            .push(start..self.histogram_bytes.len() as u32);
        f64::from_bits(self.histograms.len() as u64 - 1)
    }

    /// The encoded exemplars of the sample `at`.
    #[inline]
    pub(crate) fn exemplars(&self, at: u32) -> &[u8] {
        if self.exemplars.is_empty() {
            return &[];
        }
        self.exemplars_of(at)
    }

    fn exemplars_of(&self, at: u32) -> &[u8] {
        let from = self.exemplars.partition_point(|(sample, _)| *sample < at);
        let to = self.exemplars.partition_point(|(sample, _)| *sample <= at);
        match (self.exemplars.get(from), self.exemplars[from..to].last()) {
            (Some((_, first)), Some((_, last))) => {
                &self.exemplar_bytes[first.start as usize..last.end as usize]
            }
            _ => &[],
        }
    }

    /// The encoded native histogram of a sample that is not stale.
    pub(crate) fn histogram(&self, sample: &Sample) -> &[u8] {
        self.histograms
            .get(sample.value.to_bits() as usize)
            .map_or(&[], |range| {
                &self.histogram_bytes[range.start as usize..range.end as usize]
            })
    }

    /// Settles the order in which the samples are written.
    pub(crate) fn settle(&mut self, cache: &Cache) {
        if !self.scattered {
            return;
        }
        self.order.extend(0..self.list.len() as u32);
        let list = &self.list;
        self.order.sort_by_key(|at| {
            let stream = cache.stream(cache.series(list[*at as usize].series).stream);
            (stream.resource, stream.scope, stream.rank)
        });
    }

    /// The place of the sample that is written as number `turn`.
    #[inline]
    pub(crate) fn turn(&self, turn: usize) -> Option<u32> {
        if self.scattered {
            return self.order.get(turn).copied();
        }
        (turn < self.list.len()).then_some(turn as u32)
    }
}

/// Whether samples of that role are written and tracked.
pub(crate) const fn is_written(role: Role) -> bool {
    matches!(
        role,
        Role::Number | Role::Bound | Role::Sum | Role::Count | Role::Native
    )
}
