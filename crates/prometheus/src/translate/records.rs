//! What a batch says, series by series.

use std::ops::Range;

use super::cache::{Cache, NONE};

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RecordKind {
    /// A number; its bits are in `value`.
    Sample,
    /// A native histogram; `value` says where it stands in the bytes.
    Histogram,
    /// An exemplar; `value` says where it stands in the bytes.
    Exemplar,
    /// A later one has the same series and time: it is not written.
    Replaced,
}

/// One thing to write. Unit of times: milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    pub(super) timestamp: i64,
    /// 0 if nobody knows.
    pub(super) start: i64,
    pub(super) value: u64,
    /// The next one of the series.
    pub(super) next: u32,
    pub(super) kind: RecordKind,
    /// Whether it stands for its point when points are counted.
    pub(super) item: bool,
}

/// The records of a batch, chained by series.
#[derive(Debug, Default)]
pub(super) struct Records {
    /// Which batch; never 0.
    pub(super) batch: u32,
    /// The series in the order in which they came.
    pub(super) series: Vec<u32>,
    pub(super) records: Vec<Record>,
    /// How many records there were after each segment of the payload.
    segments: Vec<u32>,
    /// Histograms and exemplars.
    pub(super) bytes: Vec<u8>,
}

/// A buffer longer than this is given back after use. Unit: elements.
const KEEP: usize = 1 << 18;

impl Records {
    /// Forgets the last batch.
    pub(super) fn begin(&mut self, cache: &mut Cache) {
        self.batch = self.batch.wrapping_add(1);
        if self.batch == 0 {
            self.batch = 1;
            for series in &mut cache.series {
                series.batch = 0;
            }
            for family in &mut cache.families {
                family.batch = 0;
            }
        }
        self.series.clear();
        self.records.clear();
        self.segments.clear();
        self.bytes.clear();
        self.series.shrink_to(KEEP);
        self.records.shrink_to(KEEP);
        self.segments.shrink_to(KEEP);
        self.bytes.shrink_to(KEEP);
    }

    /// A segment of the payload has been translated.
    pub(super) fn end_segment(&mut self) {
        self.segments.push(self.records.len() as u32);
    }

    /// The records of some segments.
    pub(super) fn of_segments(&self, segments: &Range<usize>) -> Range<u32> {
        let before = |segment: usize| {
            let last = segment.checked_sub(1)?;
            self.segments.get(last).or(self.segments.last()).copied()
        };
        before(segments.start).unwrap_or(0)..before(segments.end).unwrap_or(0)
    }

    /// The places of a series' records, in the order in which they came.
    pub(super) fn chain(&self, first: u32) -> impl Iterator<Item = u32> {
        std::iter::successors(Some(first), |at| {
            let next = self.records.get(*at as usize)?.next;
            (next != NONE).then_some(next)
        })
    }

    /// Whether any record of a series that is to be written stands in `range`.
    pub(super) fn has_any(&self, first: u32, range: &Range<u32>) -> bool {
        self.chain(first)
            .any(|at| range.contains(&at) && self.records[at as usize].kind != RecordKind::Replaced)
    }

    /// Adds a record to a series.
    #[inline]
    pub(super) fn add(&mut self, cache: &mut Cache, series: u32, record: Record) {
        let at = self.records.len() as u32;
        let batch = self.batch;
        let entry = cache.touch(series);
        if entry.batch == batch {
            let last = entry.last;
            entry.last = at;
            self.records[last as usize].next = at;
        } else {
            entry.batch = batch;
            entry.first = at;
            entry.last = at;
            self.series.push(series);
        }
        self.records.push(record);
    }

    /// Adds a number.
    #[inline]
    pub(super) fn sample(
        &mut self,
        cache: &mut Cache,
        series: u32,
        value: u64,
        times: (i64, i64),
        item: bool,
    ) {
        let record = Record {
            timestamp: times.0,
            start: times.1,
            value,
            next: NONE,
            kind: RecordKind::Sample,
            item,
        };
        self.add(cache, series, record);
    }

    /// Where the bytes after `from` stand, as a record has it.
    pub(super) fn range_since(&self, from: usize) -> u64 {
        (from as u64) << 32 | (self.bytes.len() - from) as u64
    }

    /// The bytes of a histogram or exemplar.
    pub(super) fn bytes_of(&self, record: &Record) -> &[u8] {
        let from = (record.value >> 32) as usize;
        &self.bytes[from..from + (record.value & 0xffff_ffff) as usize]
    }
}
