//! The entries of one tenant, and the pushes that are made of them.

use std::collections::HashMap;
use std::sync::Arc;

use headwater_core::pdata::wire::Fields;
use headwater_loki::push::{put_entry, put_stream_head, stream_head_len};

/// No entry.
const NONE: u32 = u32::MAX;
/// How much of a buffer is kept for the next batch. Unit: bytes.
const KEPT: usize = 8 << 20;

/// One entry, encoded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    /// The next one of its stream.
    next: u32,
    start: usize,
    length: u32,
    /// Nanoseconds since 1970.
    pub(crate) time: i64,
    /// The line's length in bytes.
    pub(crate) line: u32,
    /// The length of the encoded structured metadata in bytes.
    metadata: u32,
    /// The length of its names and values, and how many there are.
    pub(crate) metadata_text: u32,
    pub(crate) metadata_count: u32,
    /// It is not to be sent any more.
    gone: bool,
}

#[derive(Debug)]
struct Stream {
    labels: String,
    head: u32,
    tail: u32,
    count: u32,
    bytes: usize,
}

/// A run of entries of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slice {
    pub(crate) stream: u32,
    first: u32,
    count: u32,
    bytes: usize,
}

/// What goes into one push.
pub(crate) type Part = Vec<Slice>;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Tenant {
    name: Option<Arc<str>>,
    arena: Vec<u8>,
    entries: Vec<Entry>,
    streams: Vec<Stream>,
    by_labels: HashMap<String, u32>,
}

impl Tenant {
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(super) fn rename(&mut self, name: Option<Arc<str>>) {
        self.name = name;
    }

    pub(super) fn clear(&mut self) {
        self.name = None;
        self.arena.clear();
        if self.arena.capacity() > KEPT {
            self.arena = Vec::new();
        }
        self.entries.clear();
        self.streams.clear();
        self.by_labels.clear();
    }

    /// The stream with these labels.
    pub(super) fn stream(&mut self, labels: &str) -> u32 {
        if let Some(at) = self.by_labels.get(labels) {
            return *at;
        }
        let at = self.streams.len() as u32;
        self.streams.push(Stream {
            labels: labels.to_owned(),
            head: NONE,
            tail: NONE,
            count: 0,
            bytes: 0,
        });
        self.by_labels.insert(labels.to_owned(), at);
        at
    }

    /// Appends an entry to a stream. `metadata` is encoded.
    #[inline]
    pub(super) fn push(&mut self, stream: u32, time: i64, line: &[u8], metadata: &[u8]) {
        let start = self.arena.len();
        put_entry(&mut self.arena, time, line, metadata);
        let length = (self.arena.len() - start) as u32;
        let index = self.entries.len() as u32;
        let (metadata_count, metadata_text) = measure(metadata);
        self.entries.push(Entry {
            next: NONE,
            start,
            length,
            time,
            line: line.len() as u32,
            metadata: metadata.len() as u32,
            metadata_text,
            metadata_count,
            gone: false,
        });
        let stream = &mut self.streams[stream as usize];
        if stream.tail == NONE {
            stream.head = index;
        } else {
            self.entries[stream.tail as usize].next = index;
        }
        stream.tail = index;
        stream.count += 1;
        stream.bytes += length as usize;
    }

    /// How many entries there are.
    pub(crate) const fn items(&self) -> usize {
        self.entries.len()
    }

    /// The label sets of all streams.
    pub(crate) fn label_sets(&self) -> impl Iterator<Item = &str> {
        self.streams.iter().map(|stream| &*stream.labels)
    }

    /// The labels of a stream.
    pub(crate) fn labels(&self, stream: u32) -> &str {
        self.streams
            .get(stream as usize)
            .map_or("", |stream| &stream.labels)
    }

    /// Everything, in parts of at most `bytes` bytes and `streams` streams (0: as many as there
    /// are). An entry that is longer is a part of its own.
    pub(crate) fn parts(&self, bytes: usize, streams: usize) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut part = Part::new();
        let mut size = 0;
        for (index, stream) in self.streams.iter().enumerate() {
            let mut rest = Slice {
                stream: index as u32,
                first: stream.head,
                count: stream.count,
                bytes: stream.bytes,
            };
            while rest.count > 0 {
                let full = streams > 0 && part.len() >= streams;
                if !full && size + rest.bytes <= bytes {
                    size += rest.bytes;
                    part.push(rest);
                    break;
                }
                let room = if full { 0 } else { bytes.saturating_sub(size) };
                let (taken, more) = self.cut(rest, room, part.is_empty());
                if taken.count > 0 {
                    part.push(taken);
                }
                parts.push(std::mem::take(&mut part));
                size = 0;
                rest = more;
            }
        }
        if !part.is_empty() {
            parts.push(part);
        }
        parts
    }

    /// Takes entries of at most `room` bytes off the front of a slice, or one if it must.
    fn cut(&self, slice: Slice, room: usize, must: bool) -> (Slice, Slice) {
        let mut taken = Slice {
            count: 0,
            bytes: 0,
            ..slice
        };
        let mut rest = slice;
        while let Some(entry) = self.entries.get(rest.first as usize) {
            let length = entry.length as usize;
            let fits = taken.bytes + length <= room || must && taken.count == 0;
            if rest.count == 0 || !fits {
                break;
            }
            taken.count += 1;
            taken.bytes += length;
            rest.count -= 1;
            rest.bytes -= length;
            rest.first = entry.next;
        }
        (taken, rest)
    }

    /// Two halves of a part by bytes; the second is empty if there is but one entry.
    pub(crate) fn halves(&self, part: &Part) -> (Part, Part) {
        let total: usize = part.iter().map(|slice| slice.bytes).sum();
        let mut room = total / 2;
        let (mut front, mut back) = (Part::new(), Part::new());
        for slice in part {
            if !back.is_empty() {
                back.push(*slice);
                continue;
            }
            let (taken, rest) = self.cut(*slice, room, front.is_empty());
            room = room.saturating_sub(taken.bytes);
            if taken.count > 0 {
                front.push(taken);
            }
            if rest.count > 0 {
                back.push(rest);
            }
        }
        (front, back)
    }

    /// Two halves of a part by streams.
    pub(crate) fn halves_by_stream(part: &Part) -> (Part, Part) {
        let (front, back) = part.split_at(part.len() / 2);
        (front.to_vec(), back.to_vec())
    }

    fn each(&self, slice: &Slice) -> impl Iterator<Item = (u32, &Entry)> {
        let mut at = slice.first;
        (0..slice.count).map_while(move |_| {
            let entry = self.entries.get(at as usize)?;
            let index = at;
            at = entry.next;
            Some((index, entry))
        })
    }

    /// How many entries of a part are to be sent.
    pub(crate) fn live(&self, part: &Part) -> usize {
        part.iter()
            .flat_map(|slice| self.each(slice))
            .filter(|(_, entry)| !entry.gone)
            .count()
    }

    /// Takes the entries out of which `gone` says so, of the streams that `of` wants. Says how many
    /// there were.
    pub(crate) fn remove(
        &mut self,
        part: &Part,
        of: impl Fn(&str) -> bool,
        gone: impl Fn(&Entry) -> bool,
    ) -> usize {
        let mut found = Vec::new();
        for slice in part {
            if of(self.labels(slice.stream)) {
                let wanted = self.each(slice).filter(|(_, e)| !e.gone && gone(e));
                found.extend(wanted.map(|(index, _)| index));
            }
        }
        for index in &found {
            self.entries[*index as usize].gone = true;
        }
        found.len()
    }

    /// Writes the push message of a part, without structured metadata if `plain`.
    pub(crate) fn assemble(&self, part: &Part, plain: bool, out: &mut Vec<u8>) {
        out.clear();
        let mut entries = Vec::new();
        for slice in part {
            let labels = self.labels(slice.stream);
            if plain {
                entries.clear();
                for (_, entry) in self.each(slice).filter(|(_, entry)| !entry.gone) {
                    self.put_plain(entry, &mut entries);
                }
                if !entries.is_empty() {
                    put_stream_head(out, labels, entries.len());
                    out.extend_from_slice(&entries);
                }
                continue;
            }
            let live = || self.each(slice).filter(|(_, entry)| !entry.gone);
            let bytes: usize = live().map(|(_, entry)| entry.length as usize).sum();
            if bytes == 0 {
                continue;
            }
            out.reserve(stream_head_len(labels, bytes));
            put_stream_head(out, labels, bytes);
            // Entries that were written one behind the other are copied in one piece.
            let (mut from, mut to) = (0, 0);
            for (_, entry) in live() {
                if entry.start != to {
                    out.extend_from_slice(&self.arena[from..to]);
                    from = entry.start;
                }
                to = entry.start + entry.length as usize;
            }
            out.extend_from_slice(&self.arena[from..to]);
        }
    }

    fn put_plain(&self, entry: &Entry, out: &mut Vec<u8>) {
        let encoded = &self.arena[entry.start..entry.start + entry.length as usize];
        // The line stands before the structured metadata, which ends the entry.
        let end = encoded.len() - entry.metadata as usize;
        let line = &encoded[end.saturating_sub(entry.line as usize)..end];
        put_entry(out, entry.time, line, &[]);
    }
}

/// How many pairs of structured metadata there are, and how long names and values are.
fn measure(metadata: &[u8]) -> (u32, u32) {
    let (mut count, mut text) = (0, 0);
    for pair in Fields::new(metadata).filter_map(Result::ok) {
        count += 1;
        let pair = pair.bytes(metadata);
        let parts = Fields::new(pair).filter_map(Result::ok);
        text += parts.map(|part| part.end - part.value).sum::<usize>();
    }
    (count, text as u32)
}

#[cfg(test)]
mod tests {
    use headwater_loki::push::{put_metadata, streams};

    use super::*;

    fn tenant(lines: &[(&str, &str)]) -> Tenant {
        let mut tenant = Tenant::default();
        for (index, (labels, line)) in lines.iter().enumerate() {
            let stream = tenant.stream(labels);
            let mut metadata = Vec::new();
            put_metadata(&mut metadata, b"m", b"v");
            tenant.push(stream, index as i64, line.as_bytes(), &metadata);
        }
        tenant
    }

    /// Labels with their lines, and how many structured metadata there are.
    fn pushed(tenant: &Tenant, part: &Part, plain: bool) -> (Vec<(String, String)>, usize) {
        let mut out = Vec::new();
        tenant.assemble(part, plain, &mut out);
        let mut metadata = 0;
        let all = streams(&out)
            .unwrap()
            .map(|stream| {
                let lines: Vec<_> = stream
                    .entries()
                    .map(|entry| {
                        metadata += entry.metadata().count();
                        entry.line.to_string()
                    })
                    .collect();
                (stream.labels().to_string(), lines.join(","))
            })
            .collect();
        (all, metadata)
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect()
    }

    const LINES: [(&str, &str); 6] = [
        ("{a}", "1"),
        ("{b}", "2"),
        ("{a}", "3"),
        ("{a}", "4"),
        ("{b}", "5"),
        ("{c}", "6"),
    ];

    #[test]
    fn entries_are_grouped_by_stream_and_keep_their_order() {
        let tenant = tenant(&LINES);
        let parts = tenant.parts(1 << 20, 0);
        assert_eq!(parts.len(), 1);
        let (all, metadata) = pushed(&tenant, &parts[0], false);
        assert_eq!(
            all,
            pairs(&[("{a}", "1,3,4"), ("{b}", "2,5"), ("{c}", "6")])
        );
        assert_eq!(metadata, 6);
        assert_eq!(pushed(&tenant, &parts[0], true).1, 0);
    }

    #[test]
    fn parts_hold_everything_once_and_in_order() {
        let tenant = tenant(&LINES);
        for bytes in 0..200 {
            for streams in 0..4 {
                let parts = tenant.parts(bytes, streams);
                let mut lines = std::collections::BTreeMap::<String, String>::new();
                for part in &parts {
                    assert!(tenant.live(part) > 0);
                    assert!(streams == 0 || part.len() <= streams);
                    for (labels, line) in pushed(&tenant, part, false).0 {
                        lines.entry(labels).or_default().push_str(&line);
                    }
                }
                let lines: String = lines.into_values().collect();
                assert_eq!(lines.replace(',', ""), "134256", "{bytes} {streams}");
            }
        }
    }

    #[test]
    fn halving_ends_at_single_entries() {
        let tenant = tenant(&LINES);
        let mut parts = tenant.parts(1 << 20, 0);
        let mut lines = String::new();
        while let Some(part) = parts.pop() {
            let (front, back) = tenant.halves(&part);
            assert!(!front.is_empty());
            if back.is_empty() {
                assert_eq!(tenant.live(&front), 1);
                lines.push_str(&pushed(&tenant, &front, false).0[0].1);
            } else {
                parts.extend([back, front]);
            }
        }
        assert_eq!(lines, "134256");
    }

    #[test]
    fn what_was_removed_is_not_sent() {
        let mut tenant = tenant(&LINES);
        let part = tenant.parts(1 << 20, 0).remove(0);
        assert_eq!(tenant.remove(&part, |l| l == "{b}", |_| true), 2);
        assert_eq!(tenant.remove(&part, |l| l != "{c}", |e| e.time == 2), 1);
        assert_eq!(tenant.remove(&part, |_| true, |e| e.time == 2), 0);
        assert_eq!(tenant.live(&part), 3);
        let expected = pairs(&[("{a}", "1,4"), ("{c}", "6")]);
        assert_eq!(pushed(&tenant, &part, false).0, expected);
    }
}
