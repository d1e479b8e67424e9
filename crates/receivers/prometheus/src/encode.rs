//! From samples to OTLP requests of bounded size.

pub(crate) mod exemplar;
mod group;
pub(crate) mod native;
mod point;

use headwater_core::bytes::Bytes;
use headwater_core::pdata::Payload;
use headwater_core::pdata::wire::{put_len_field, varint_len};

use self::group::{Gathered, Verdict};
use self::point::{Frame, Points};
use crate::cache::{Cache, NONE, Role, put_header};
use crate::rules::SeriesRules;
use crate::samples::Samples;

/// A request is closed when it has grown to this size, in bytes.
pub(crate) const REQUEST_SIZE: usize = 256 << 10;

/// Milliseconds since 1970 as OTLP's nanoseconds; times before are 0.
#[inline]
pub(crate) fn nanoseconds(milliseconds: i64) -> u64 {
    u64::try_from(milliseconds)
        .unwrap_or(0)
        .saturating_mul(1_000_000)
}

/// Writes the samples of a scrape, request by request. The buffers are used again.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    points: Points,
    gathered: Gathered,
    /// The next sample to write.
    turn: usize,
    /// The size of the last section, to begin the next with a buffer that fits.
    size: usize,
}

/// One request.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) payload: Payload,
    /// Data points.
    pub(crate) items: usize,
}

/// What is written of one resource and scope: a complete request of its own.
struct Section {
    resource: u32,
    scope: u32,
    /// Room for what stands before the metrics, then the metrics.
    bytes: Vec<u8>,
    room: usize,
    items: usize,
}

impl Encoder {
    /// Begins anew.
    pub(crate) fn begin(&mut self) {
        self.turn = 0;
    }

    /// The memory held, in bytes.
    pub(crate) fn capacity(&self) -> usize {
        self.points.0.capacity()
    }

    /// The next request, until all samples are written.
    pub(crate) fn next(
        &mut self,
        cache: &mut Cache,
        samples: &Samples,
        rules: &SeriesRules,
    ) -> Option<Request> {
        let mut payload = Payload::new();
        let mut items = 0;
        let mut section: Option<Section> = None;
        while payload.len() + section.as_ref().map_or(0, |open| open.bytes.len()) < REQUEST_SIZE {
            let Some(at) = samples.turn(self.turn) else {
                break;
            };
            let stream = cache.series(samples.list[at as usize].series).stream;
            let place = (cache.stream(stream).resource, cache.stream(stream).scope);
            if section
                .as_ref()
                .is_none_or(|open| (open.resource, open.scope) != place)
            {
                if let Some(done) = section.take() {
                    items += done.items;
                    self.close(done, cache, &mut payload);
                }
                section = Some(self.open(place, cache));
            }
            if let Some(open) = &mut section {
                self.metric(stream, cache, samples, rules, open);
            }
        }
        if let Some(done) = section {
            items += done.items;
            self.close(done, cache, &mut payload);
        }
        (items > 0).then_some(Request { payload, items })
    }

    fn open(&self, (resource, scope): (u32, u32), cache: &Cache) -> Section {
        let room = room(cache.resource(resource), &cache.scope(scope).encoded);
        let mut bytes = Vec::with_capacity(room + self.size + self.size / 8 + 256);
        bytes.resize(room, 0);
        Section {
            resource,
            scope,
            bytes,
            room,
            items: 0,
        }
    }

    /// Writes what stands before the metrics into its room and adds the section to the request.
    fn close(&mut self, section: Section, cache: &Cache, payload: &mut Payload) {
        self.size = (section.bytes.len() - section.room).min(REQUEST_SIZE + REQUEST_SIZE / 8);
        if section.items == 0 {
            return;
        }
        let Section {
            mut bytes, room, ..
        } = section;
        let scope = cache.scope(section.scope);
        if !scope.schema_url.is_empty() {
            put_len_field(&mut bytes, 3, scope.schema_url.as_bytes());
        }
        let metrics = bytes.len() - room;
        let resource = cache.resource(section.resource);
        let in_scope = field_len(scope.encoded.len()) + metrics;
        let in_resource = field_len(resource.len()) + field_len(in_scope);
        let mut head = Vec::with_capacity(room);
        put_header(&mut head, 1, in_resource);
        put_len_field(&mut head, 1, resource);
        put_header(&mut head, 2, in_scope);
        put_len_field(&mut head, 1, &scope.encoded);
        let from = room - head.len();
        bytes[from..room].copy_from_slice(&head);
        if bytes.capacity() / 2 > bytes.len() {
            // The last section was that of a larger target.
            bytes.shrink_to_fit();
        }
        let backing = bytes.capacity();
        let whole = Bytes::from(bytes).slice(from..);
        payload.append(Payload::counted(whole, section.items).with_backing(backing));
    }

    /// Writes the samples of `stream` that come next, until the request is full.
    fn metric(
        &mut self,
        stream: u32,
        cache: &mut Cache,
        samples: &Samples,
        rules: &SeriesRules,
        section: &mut Section,
    ) {
        cache.describe(stream, rules);
        self.points.0.clear();
        let full = REQUEST_SIZE.saturating_sub(section.bytes.len());
        let mut items = 0;
        loop {
            items += self.run(stream, cache, samples, full);
            let Some(at) = samples.turn(self.turn) else {
                break;
            };
            if cache.series(samples.list[at as usize].series).stream != stream
                || self.points.0.len() >= full
            {
                break;
            }
            self.grouped(at, cache, samples, &mut items);
            self.turn += 1;
        }
        if items == 0 {
            return;
        }
        section.items += items;
        let stream = cache.stream(stream);
        let trailer = stream.kind.trailer();
        let data = self.points.0.len() + trailer.len();
        let out = &mut section.bytes;
        put_header(out, 2, stream.header.len() + field_len(data));
        out.extend_from_slice(&stream.header);
        put_header(out, stream.kind.data_field(), data);
        out.extend_from_slice(&self.points.0);
        out.extend_from_slice(trailer);
    }

    /// Writes numbers and native histograms as long as they are of `stream`.
    #[inline]
    fn run(&mut self, stream: u32, cache: &Cache, samples: &Samples, full: usize) -> usize {
        let mut items = 0;
        while let Some(at) = samples.turn(self.turn) {
            let sample = &samples.list[at as usize];
            let series = cache.series(sample.series);
            if series.stream != stream || self.points.0.len() >= full {
                break;
            }
            let frame = Frame {
                attributes: series.attributes(),
                exemplars: samples.exemplars(at),
                start: series.aux,
                time: nanoseconds(sample.timestamp),
            };
            match series.role {
                Role::Number => {
                    let value = (!sample.is_stale()).then_some(sample.value);
                    self.points.number(frame, value);
                }
                Role::Native if sample.is_stale() => {
                    self.points.with_body(frame, &[10 << 3, 1]);
                }
                Role::Native => self.points.native(frame, samples.histogram(sample)),
                _ => break,
            }
            items += 1;
            self.turn += 1;
        }
        items
    }

    /// Writes the point of the group that the sample `at` belongs to, once.
    fn grouped(&mut self, at: u32, cache: &mut Cache, samples: &Samples, items: &mut usize) {
        let scrape = cache.scrape();
        let series = cache.series(samples.list[at as usize].series);
        let place = series.group;
        if place == NONE || !series.role.is_grouped() {
            return;
        }
        let kind = cache.stream(series.stream).kind;
        let group = cache.group_mut(place);
        if group.written == scrape {
            return;
        }
        group.written = scrape;
        let group = cache.group(place);
        if self.gathered.gather(cache, samples, group, kind) == Verdict::Nothing {
            return;
        }
        let frame = Frame {
            attributes: &group.attributes,
            exemplars: &self.gathered.exemplars,
            start: group.start,
            time: nanoseconds(self.gathered.timestamp),
        };
        self.points.with_body(frame, &self.gathered.body);
        *items += 1;
    }
}

/// The size of a length-delimited field with a tag of one byte.
fn field_len(length: usize) -> usize {
    1 + varint_len(length as u64) + length
}

/// The most that can stand before the metrics of a section.
fn room(resource: &[u8], scope: &[u8]) -> usize {
    resource.len() + scope.len() + 4 * 11
}
