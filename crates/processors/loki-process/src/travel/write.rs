//! From entries to records.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use headwater_core::pdata::wire::{WireType, put_len_field, put_tag, put_varint, varint_len};
use headwater_loki::hints;

use crate::entry::Entry;

#[derive(Debug, Default)]
struct Group {
    /// The fields of the `Resource`.
    resource: Vec<u8>,
    /// The `log_records` fields of the `ScopeLogs`.
    records: Vec<u8>,
}

/// Writes entries as one request: a resource for each set of labels, in the order in which they
/// come first.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    groups: Vec<Group>,
    /// Groups by the hash of the resource.
    by_hash: HashMap<u64, Vec<usize>>,
    hasher: RandomState,
    /// The group of the entry before.
    last: usize,
    records: usize,
    resource: Vec<u8>,
}

impl Writer {
    /// Adds an entry.
    pub(crate) fn push(&mut self, entry: &Entry<'_>) {
        self.resource.clear();
        put_stream_mark(&mut self.resource);
        for (name, value) in entry.labels() {
            put_text_attribute(&mut self.resource, 1, name, value);
        }
        let group = self.group();
        put_record(&mut self.groups[group].records, entry);
        self.last = group;
        self.records += 1;
    }

    /// The group of the resource in hand.
    fn group(&mut self) -> usize {
        let last = self.groups.get(self.last);
        if last.is_some_and(|group| group.resource == self.resource) {
            return self.last;
        }
        let hash = self.hasher.hash_one(&self.resource);
        let same = self.by_hash.entry(hash).or_default();
        let known = same
            .iter()
            .find(|at| self.groups[**at].resource == self.resource);
        if let Some(known) = known {
            return *known;
        }
        let at = self.groups.len();
        same.push(at);
        self.groups.push(Group {
            resource: self.resource.clone(),
            records: Vec::new(),
        });
        at
    }

    /// The request, and how many entries it has.
    pub(crate) fn finish(self) -> (Vec<u8>, usize) {
        let room: usize = self
            .groups
            .iter()
            .map(|g| g.resource.len() + g.records.len() + 32)
            .sum();
        let mut out = Vec::with_capacity(room);
        for group in &self.groups {
            // The scope has no name: an empty message.
            let scope_logs = len_field(0) + group.records.len();
            let resource_logs = len_field(group.resource.len()) + len_field(scope_logs);
            put_tag(&mut out, 1, WireType::Len);
            put_varint(&mut out, resource_logs as u64);
            put_len_field(&mut out, 1, &group.resource);
            put_tag(&mut out, 2, WireType::Len);
            put_varint(&mut out, scope_logs as u64);
            put_len_field(&mut out, 1, &[]);
            out.extend_from_slice(&group.records);
        }
        (out, self.records)
    }
}

/// The size of a length-delimited field whose tag is one byte.
const fn len_field(length: usize) -> usize {
    1 + varint_len(length as u64) + length
}

/// `loki.stream: true`.
fn put_stream_mark(out: &mut Vec<u8>) {
    let name = hints::STREAM.as_bytes();
    put_tag(out, 1, WireType::Len);
    put_varint(out, (len_field(name.len()) + len_field(2)) as u64);
    put_len_field(out, 1, name);
    // A value that is true: field 2, a varint.
    put_len_field(out, 2, &[0x10, 1]);
}

/// A `KeyValue` with a text as field `number`.
fn put_text_attribute(out: &mut Vec<u8>, number: u32, name: &str, value: &str) {
    let any = len_field(value.len());
    put_tag(out, number, WireType::Len);
    put_varint(out, (len_field(name.len()) + len_field(any)) as u64);
    put_len_field(out, 1, name.as_bytes());
    put_tag(out, 2, WireType::Len);
    put_varint(out, any as u64);
    put_len_field(out, 1, value.as_bytes());
}

const fn attribute_len(name: &str, value: &str) -> usize {
    let any = len_field(value.len());
    len_field(len_field(name.len()) + len_field(any))
}

fn put_record(out: &mut Vec<u8>, entry: &Entry<'_>) {
    let body = len_field(entry.line.len());
    let metadata = entry
        .metadata
        .iter()
        .map(|(name, value)| attribute_len(name, value));
    let length = 9 + entry.rest.len() + len_field(body) + metadata.sum::<usize>();
    put_tag(out, 2, WireType::Len);
    put_varint(out, length as u64);
    put_tag(out, 1, WireType::Fixed64);
    out.extend_from_slice(&entry.timestamp.to_le_bytes());
    out.extend_from_slice(&entry.rest);
    put_tag(out, 5, WireType::Len);
    put_varint(out, body as u64);
    put_len_field(out, 1, entry.line.as_bytes());
    for (name, value) in &entry.metadata {
        put_text_attribute(out, 6, name, value);
    }
}
