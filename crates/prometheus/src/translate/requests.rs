//! From records to requests.

use std::ops::Range;

use headwater_core::pdata::view::Text;

use super::cache::{Cache, NONE};
use super::records::{Record, RecordKind, Records};
use super::symbols::RequestSymbols;
use super::walk::Walk;
use crate::remote_write::Message;
use crate::remote_write::encode::{
    put_exemplar, put_family, put_histogram, put_metadata, put_refs, put_sample, put_series_head,
};

/// How much a request holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Data points of the batch that are in it.
    pub items: usize,
    /// Series.
    pub series: usize,
    /// Numbers.
    pub samples: usize,
    /// Native histograms.
    pub histograms: usize,
    /// Exemplars.
    pub exemplars: usize,
    /// Points of the batch that are not in it because a later one has the same series and time.
    pub duplicates: usize,
}

/// A request, not compressed.
#[derive(Debug)]
pub struct Request<'a> {
    /// The message.
    pub body: &'a [u8],
    /// What is in it.
    pub counts: Counts,
    /// Which of the batch's series are in it, by their place in the batch; empty if it holds only
    /// metadata.
    pub series: Range<usize>,
}

/// A part of a batch that has been translated, see [`super::Translator::slice`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// Which series, by their place in the batch; what [`Request::series`] says.
    pub series: Range<usize>,
    /// What stood in which segments of the payload.
    pub segments: Range<usize>,
}

/// Writes requests, with buffers that are used again.
#[derive(Debug, Default)]
pub(super) struct Writer {
    symbols: RequestSymbols,
    /// The series.
    body: Vec<u8>,
    /// Symbols and series together.
    joined: Vec<u8>,
    /// One series: labels, and the rest.
    labels: Vec<u8>,
    rest: Vec<u8>,
    /// The records of a series, by their place.
    order: Vec<u32>,
    counts: Counts,
}

/// A request buffer longer than this is given back after use. Unit: bytes.
const KEEP: usize = 8 << 20;
/// Every record of a batch.
const ALL: Range<u32> = 0..NONE;

impl Writer {
    /// Writes all records into requests of at most `limit` bytes, and hands each to `each`. A
    /// series stands in one request only, however long that is.
    pub(super) fn write(
        &mut self,
        message: Message,
        cache: &mut Cache,
        records: &mut Records,
        limit: usize,
        metadata: bool,
        mut each: impl FnMut(Request<'_>),
    ) {
        self.begin();
        let mut first = 0;
        for at in 0..records.series.len() {
            let number = records.series[at];
            let symbols_before = self.symbols.encoded.len();
            let counts = self.put(message, cache, records, number, &ALL);
            let length = self.labels_len(cache, number) + self.rest.len() + 6;
            let full = self.body.len() + self.symbols.encoded.len() + length > limit;
            if full && self.counts.series > 0 {
                // Its symbols were added already: they go, and come again in the next request.
                self.symbols.encoded.truncate(symbols_before);
                self.flush(message, first..at, &mut each);
                first = at;
                self.put(message, cache, records, number, &ALL);
            }
            self.put_series(message, cache, number);
            self.counts.add(&counts);
        }
        if self.counts.series > 0 {
            self.flush(message, first..records.series.len(), &mut each);
        }
        if metadata && message == Message::V1 {
            self.put_families(cache, records, limit, &mut each);
        }
        self.body.shrink_to(KEEP);
        self.joined.shrink_to(KEEP);
    }

    /// Writes some of what [`Writer::write`] has written into one request, unless there is
    /// nothing in it.
    pub(super) fn write_slice(
        &mut self,
        message: Message,
        cache: &Cache,
        records: &mut Records,
        slice: &Slice,
        mut each: impl FnMut(Request<'_>),
    ) {
        self.begin();
        let range = records.of_segments(&slice.segments);
        for at in slice.series.clone() {
            let Some(number) = records.series.get(at).copied() else {
                break;
            };
            let first = cache.series[number as usize].first;
            if records.has_any(first, &range) {
                let counts = self.put(message, cache, records, number, &range);
                self.put_series(message, cache, number);
                self.counts.add(&counts);
            }
        }
        if self.counts.series > 0 {
            self.flush(message, slice.series.clone(), &mut each);
        }
    }

    fn begin(&mut self) {
        self.body.clear();
        self.symbols.begin();
        self.counts = Counts::default();
    }

    fn flush(
        &mut self,
        message: Message,
        series: Range<usize>,
        each: &mut impl FnMut(Request<'_>),
    ) {
        let counts = self.counts;
        let body = match message {
            Message::V1 => &self.body,
            Message::V2 => {
                self.joined.clear();
                self.joined.extend_from_slice(&self.symbols.encoded);
                self.joined.extend_from_slice(&self.body);
                &self.joined
            }
        };
        each(Request {
            body,
            counts,
            series,
        });
        self.begin();
    }

    /// How long the labels of a series are.
    #[inline]
    fn labels_len(&self, cache: &Cache, number: u32) -> usize {
        // Those of 2.0 have been written; those of 1.0 are known.
        self.labels.len() + cache.series[number as usize].length as usize
    }

    /// Adds a series to the request, whose rest has been written.
    #[inline]
    fn put_series(&mut self, message: Message, cache: &Cache, number: u32) {
        let length = self.labels_len(cache, number) + self.rest.len();
        put_series_head(&mut self.body, message, length);
        self.body.extend_from_slice(&self.labels);
        if message == Message::V1 {
            for pair in &cache.series[number as usize].labels {
                self.body.extend_from_slice(cache.pairs.encoded(*pair));
            }
        }
        self.body.extend_from_slice(&self.rest);
    }

    /// Writes one series into the buffers for it, those of its records that stand in `range`; its
    /// labels only if they are symbols.
    #[inline]
    fn put(
        &mut self,
        message: Message,
        cache: &Cache,
        records: &mut Records,
        number: u32,
        range: &Range<u32>,
    ) -> Counts {
        let series = &cache.series[number as usize];
        let mut counts = Counts {
            series: 1,
            ..Counts::default()
        };
        self.labels.clear();
        self.rest.clear();
        if message == Message::V2 {
            let symbols = &mut self.symbols;
            let refs: smallvec::SmallVec<[u32; 64]> = series
                .labels
                .iter()
                .flat_map(|pair| cache.pairs.symbols(*pair))
                .map(|text| symbols.of(&cache.symbols, text))
                .collect();
            put_refs(&mut self.labels, refs.iter().copied());
        }
        let first = records.records[series.first as usize];
        if first.next == NONE {
            self.put_record(message, cache, records, &first, &mut counts);
        } else {
            self.put_chain(message, cache, records, series.first, range, &mut counts);
        }
        if message == Message::V2 {
            let family = &cache.families[series.family as usize];
            let [help, unit] = family
                .texts
                .map(|text| self.symbols.of(&cache.symbols, text));
            put_metadata(&mut self.rest, family.kind, help, unit);
        }
        counts
    }

    /// Several records, in the order of time. Of those of the same kind and time the last counts;
    /// the others are done with.
    fn put_chain(
        &mut self,
        message: Message,
        cache: &Cache,
        records: &mut Records,
        first: u32,
        range: &Range<u32>,
        counts: &mut Counts,
    ) {
        let mut order = std::mem::take(&mut self.order);
        order.clear();
        order.extend(records.chain(first));
        order.sort_by_key(|at| {
            let record = &records.records[*at as usize];
            (record.kind as u8, record.timestamp)
        });
        for (place, at) in order.iter().enumerate() {
            let record = records.records[*at as usize];
            let replaced = !matches!(record.kind, RecordKind::Exemplar | RecordKind::Replaced)
                && order.get(place + 1).is_some_and(|later| {
                    let later = &records.records[*later as usize];
                    (later.kind, later.timestamp) == (record.kind, record.timestamp)
                });
            if replaced {
                counts.duplicates += usize::from(record.item);
                records.records[*at as usize].kind = RecordKind::Replaced;
            } else if range.contains(at) && record.kind != RecordKind::Replaced {
                self.put_record(message, cache, records, &record, counts);
            }
        }
        self.order = order;
    }

    #[inline]
    fn put_record(
        &mut self,
        message: Message,
        cache: &Cache,
        records: &Records,
        record: &Record,
        counts: &mut Counts,
    ) {
        counts.items += usize::from(record.item);
        match record.kind {
            RecordKind::Replaced => {}
            RecordKind::Sample => {
                counts.samples += 1;
                put_sample(
                    &mut self.rest,
                    message,
                    record.value,
                    record.timestamp,
                    record.start,
                );
            }
            RecordKind::Histogram => {
                counts.histograms += 1;
                let bytes = records.bytes_of(record);
                put_histogram(&mut self.rest, message, bytes, record.start);
            }
            RecordKind::Exemplar => {
                counts.exemplars += 1;
                let Some((value, labels)) = records.bytes_of(record).split_first_chunk() else {
                    return;
                };
                let symbols = &mut self.symbols;
                put_exemplar(
                    &mut self.rest,
                    message,
                    u64::from_le_bytes(*value),
                    record.timestamp,
                    |out| match message {
                        Message::V1 => out.extend_from_slice(labels),
                        Message::V2 => put_symbolized(out, symbols, cache, labels),
                    },
                );
            }
        }
    }

    /// Metadata of 1.0, in requests of its own.
    fn put_families(
        &mut self,
        cache: &mut Cache,
        records: &Records,
        limit: usize,
        each: &mut impl FnMut(Request<'_>),
    ) {
        self.begin();
        for number in &records.series {
            let family = cache.series[*number as usize].family as usize;
            let family = &mut cache.families[family];
            if family.batch == records.batch {
                continue;
            }
            family.batch = records.batch;
            let before = self.body.len();
            put_family(
                &mut self.body,
                family.kind,
                &family.name,
                &family.help,
                &family.unit,
            );
            if self.body.len() > limit && before > 0 {
                each(Request {
                    body: &self.body[..before],
                    counts: Counts::default(),
                    series: 0..0,
                });
                self.body.drain(..before);
            }
        }
        if !self.body.is_empty() {
            self.flush(Message::V1, 0..0, each);
        }
    }
}

/// Labels of 1.0 as symbols.
fn put_symbolized(out: &mut Vec<u8>, symbols: &mut RequestSymbols, cache: &Cache, labels: &[u8]) {
    let refs: Vec<u32> = Walk::new(labels)
        .messages(1)
        .flat_map(|label| [1, 2].map(|n| Walk::new(label).messages(n).last().unwrap_or_default()))
        .map(|text| symbols.of_text(&cache.symbols, &Text::new(text).to_lossy()))
        .collect();
    put_refs(out, refs.iter().copied());
}

impl Counts {
    /// Adds those of another request.
    pub fn add(&mut self, other: &Self) {
        self.items += other.items;
        self.series += other.series;
        self.samples += other.samples;
        self.histograms += other.histograms;
        self.exemplars += other.exemplars;
        self.duplicates += other.duplicates;
    }
}
