//! The series that have been seen, with their encoded labels.

use hashbrown::HashTable;

use super::pairs::Pairs;
use super::symbols::Symbols;
use crate::Labels;
use crate::fingerprint::{Fingerprint, FingerprintMap, Seeds};
use crate::remote_write::{Message, MetricType};

/// No record, no series.
pub(super) const NONE: u32 = u32::MAX;

/// A series.
#[derive(Debug)]
pub(super) struct Series {
    /// The numbers of its labels, in their order.
    pub(super) labels: Box<[u32]>,
    /// How long the labels are in a message of 1.0.
    pub(super) length: u32,
    /// Its place among the families.
    pub(super) family: u32,
    /// When it was seen last.
    epoch: u32,
    /// The batch that the two below belong to.
    pub(super) batch: u32,
    /// Its first record in the batch.
    pub(super) first: u32,
    /// Its last one.
    pub(super) last: u32,
}

/// What points of the same identity are written to.
#[derive(Debug)]
pub(super) enum Source {
    /// One series.
    One(u32),
    /// The series of a histogram or summary, in an order that depends on the kind.
    Many(Box<[u32]>),
}

/// What metadata says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Family {
    pub(super) kind: MetricType,
    pub(super) name: String,
    pub(super) help: String,
    pub(super) unit: String,
    /// The numbers of `help` and `unit`.
    pub(super) texts: [u32; 2],
    /// The batch in which it was seen last.
    pub(super) batch: u32,
}

/// What the texts of labels and metadata may take for each series that may be kept. Most labels are
/// shared by many series. Unit: bytes.
const BYTES_PER_SERIES: usize = 256;

/// The same in all, however few series may be kept. Unit: bytes.
const LEAST_BYTES: usize = 1 << 20;

/// See the module.
#[derive(Debug)]
pub(super) struct Cache {
    pub(super) seeds: Seeds,
    message: Message,
    /// By what identifies a point in OTLP.
    sources: FingerprintMap<Source>,
    /// By labels: different points may be the same series.
    by_labels: HashTable<u32>,
    families_by_content: FingerprintMap<u32>,
    pub(super) series: Vec<Series>,
    free: Vec<u32>,
    pub(super) families: Vec<Family>,
    /// How long the texts of `families` are together.
    family_bytes: usize,
    pub(super) symbols: Symbols,
    pub(super) pairs: Pairs,
    epoch: u32,
    limit: usize,
    scratch: Vec<u32>,
}

impl Cache {
    pub(super) fn new(message: Message, limit: usize) -> Self {
        Self {
            seeds: Seeds::random(),
            message,
            sources: FingerprintMap::default(),
            by_labels: HashTable::new(),
            families_by_content: FingerprintMap::default(),
            series: Vec::new(),
            free: Vec::new(),
            families: Vec::new(),
            family_bytes: 0,
            symbols: Symbols::default(),
            pairs: Pairs::new(message),
            epoch: 0,
            limit: limit.max(1),
            scratch: Vec::new(),
        }
    }

    /// How many series are kept.
    pub(super) fn len(&self) -> usize {
        self.series.len() - self.free.len()
    }

    #[inline]
    pub(super) fn source(&self, identity: Fingerprint) -> Option<&Source> {
        self.sources.get(&identity)
    }

    pub(super) fn keep(&mut self, identity: Fingerprint, source: Source) {
        self.sources.insert(identity, source);
    }

    /// Says that a series has been seen.
    #[inline]
    pub(super) fn touch(&mut self, series: u32) -> &mut Series {
        let epoch = self.epoch;
        let series = &mut self.series[series as usize];
        series.epoch = epoch;
        series
    }

    /// The series with these labels, which is new if nobody has seen it.
    pub(super) fn series_of(&mut self, labels: &Labels, family: u32) -> u32 {
        let Self {
            seeds,
            pairs,
            symbols,
            scratch,
            ..
        } = self;
        scratch.clear();
        scratch.extend(
            labels
                .iter()
                .map(|(name, value)| pairs.intern(seeds, symbols, name, value)),
        );
        let key = key_of(&self.seeds, &self.scratch);
        let same = |number: &u32| *self.series[*number as usize].labels == *self.scratch;
        if let Some(known) = self.by_labels.find(key, same).copied() {
            self.series[known as usize].family = family;
            return known;
        }
        let length = self
            .scratch
            .iter()
            .map(|pair| self.pairs.encoded(*pair).len());
        let series = Series {
            length: length.sum::<usize>() as u32,
            labels: self.scratch.as_slice().into(),
            family,
            epoch: self.epoch,
            batch: 0,
            first: NONE,
            last: NONE,
        };
        let number = if let Some(number) = self.free.pop() {
            self.series[number as usize] = series;
            number
        } else {
            self.series.push(series);
            self.series.len() as u32 - 1
        };
        let (seeds, all) = (&self.seeds, &self.series);
        self.by_labels.insert_unique(key, number, |number| {
            key_of(seeds, &all[*number as usize].labels)
        });
        number
    }

    /// The family with this metadata.
    pub(super) fn family_of(
        &mut self,
        kind: MetricType,
        name: &str,
        help: &str,
        unit: &str,
    ) -> u32 {
        let mut key = self.seeds.add(self.seeds.start(), &[kind.number()]);
        for text in [name, help, unit] {
            key = self.seeds.add(key, text.as_bytes());
        }
        if let Some(known) = self.families_by_content.get(&key) {
            return *known;
        }
        let texts = match self.message {
            Message::V1 => [0; 2],
            Message::V2 => [self.symbols.intern(help), self.symbols.intern(unit)],
        };
        self.family_bytes += name.len() + help.len() + unit.len();
        self.families.push(Family {
            kind,
            name: name.to_owned(),
            help: help.to_owned(),
            unit: unit.to_owned(),
            texts,
            batch: 0,
        });
        let number = self.families.len() as u32 - 1;
        self.families_by_content.insert(key, number);
        number
    }

    /// Forgets what has not been seen since the call before, and everything if that leaves too
    /// much.
    pub(super) fn sweep(&mut self) {
        let epoch = self.epoch;
        self.retain(|series| series.epoch >= epoch);
        self.epoch += 1;
        if self.len() > self.limit / 4 * 3 {
            self.clear();
        }
    }

    /// Makes room for what the next batch brings.
    pub(super) fn make_room(&mut self) {
        // Sources are as many as series, or fewer, unless the same series comes in many forms.
        if self.len() >= self.limit || self.sources.len() >= self.limit.saturating_mul(2) {
            self.sweep();
        }
        // Labels are not forgotten one by one: whoever sends values without end, long ones at
        // that, makes it begin anew.
        if self.bytes() > self.limit.saturating_mul(BYTES_PER_SERIES).max(LEAST_BYTES) {
            self.clear();
        }
    }

    /// How long all texts are together.
    fn bytes(&self) -> usize {
        self.pairs.bytes() + self.symbols.bytes() + self.family_bytes
    }

    fn retain(&mut self, keep: impl Fn(&Series) -> bool) {
        let series = &self.series;
        let alive = |number: &u32| keep(&series[*number as usize]);
        self.sources.retain(|_, source| match source {
            Source::One(NONE) => true,
            Source::One(number) => alive(number),
            Source::Many(numbers) => numbers.iter().all(alive),
        });
        let mut freed = Vec::new();
        self.by_labels.retain(|number| {
            let alive = alive(number);
            if !alive {
                freed.push(*number);
            }
            alive
        });
        for number in &freed {
            self.series[*number as usize].labels = Box::default();
        }
        self.free.extend(freed);
        // Labels and families are shared, so nobody knows which are still in use.
        let live = self.len();
        let labels = self.pairs.len().max(self.symbols.len());
        if self.families.len() > 2 * live + 1000 || labels > 8 * live + 10_000 {
            self.clear();
        }
    }

    fn clear(&mut self) {
        let epoch = self.epoch;
        *self = Self::new(self.message, self.limit);
        self.epoch = epoch;
    }
}

/// The hash of a series by the numbers of its labels.
fn key_of(seeds: &Seeds, labels: &[u32]) -> u64 {
    labels
        .iter()
        .fold(0, |key, label| seeds.mix(key, u64::from(*label)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(value: usize) -> Labels {
        [("__name__", "up".to_owned()), ("n", value.to_string())]
            .into_iter()
            .collect()
    }

    #[test]
    fn what_is_not_seen_between_two_sweeps_is_forgotten() {
        let mut cache = Cache::new(Message::V1, 100);
        let identity = |cache: &Cache, n: u8| cache.seeds.add(cache.seeds.start(), &[n]);
        for n in 0..2 {
            let series = cache.series_of(&labels(n), 0);
            let identity = identity(&cache, n as u8);
            cache.keep(identity, Source::One(series));
        }
        cache.sweep();
        cache.touch(1);
        cache.sweep();
        assert_eq!(cache.len(), 1);
        assert!(cache.source(identity(&cache, 0)).is_none());
        assert!(cache.source(identity(&cache, 1)).is_some());
        // Its place is taken again.
        assert_eq!(cache.series_of(&labels(7), 0), 0);
        assert_eq!(cache.series_of(&labels(1), 0), 1);
    }

    #[test]
    fn texts_of_any_length_take_bounded_memory() {
        for message in [Message::V1, Message::V2] {
            let mut cache = Cache::new(message, 10_000);
            let most = 10_000 * BYTES_PER_SERIES;
            for n in 0..200 {
                cache.make_room();
                let long = format!("{n}{}", "x".repeat(100_000));
                let labels = [("__name__", "up".to_owned()), ("n", long.clone())];
                let family = cache.family_of(MetricType::Gauge, "up", &long, "");
                cache.series_of(&labels.into_iter().collect(), family);
                // What a batch brings comes on top.
                assert!(cache.bytes() < most + 400_000, "{}", cache.bytes());
            }
            assert!(cache.len() < 100, "it has begun anew");
            // A few series with labels of a usual length stay.
            let mut cache = Cache::new(message, 10);
            for n in 0..1000 {
                cache.make_room();
                let usual = format!("{:0>150}", n % 10);
                let labels = [("__name__", "up".to_owned()), ("n", usual)];
                cache.series_of(&labels.into_iter().collect(), 0);
            }
            assert_eq!(cache.series.len(), 10);
        }
    }

    #[test]
    fn it_never_holds_much_more_than_its_limit() {
        for message in [Message::V1, Message::V2] {
            let mut cache = Cache::new(message, 100);
            for n in 0..1000 {
                cache.make_room();
                cache.series_of(&labels(n), 0);
                assert!(cache.len() <= 100);
            }
        }
    }
}
