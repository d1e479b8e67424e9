//! From entries to OTLP: records are written as they come, grouped by resource and scope.

use headwater_core::pdata::wire::{WireType, put_len_field, put_tag, put_varint, varint_len};

use crate::severity;
use crate::{Entry, Map, Value};

/// How many resources back an entry looks for its own before it opens another group.
const REMEMBERED: usize = 64;

/// What stands around a record besides body and attributes, at most: decides how many bytes are
/// kept free for its length.
const OVERHEAD: usize = 80;

#[derive(Debug, Default)]
struct Group {
    /// The fields of the `Resource`.
    resource: Vec<u8>,
    scope: String,
    /// The `log_records` fields of the `ScopeLogs`.
    records: Vec<u8>,
}

/// Writes entries as one `ExportLogsServiceRequest`.
///
/// One `ResourceLogs` for each resource and scope name in a row of entries; entries of one
/// resource stay in order. The room of earlier requests is used again.
#[derive(Debug, Default)]
pub struct Encoder {
    groups: Vec<Group>,
    used: usize,
    /// The group of the last entry.
    last: usize,
    records: usize,
    bytes: usize,
    scratch: Vec<u8>,
}

impl Encoder {
    /// An encoder without entries.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many entries it holds.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.records
    }

    /// Whether it holds no entries.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// How many bytes the request will have, nearly.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds an entry.
    pub fn push(&mut self, entry: &Entry<'_>) {
        let index = if self.is_last(entry) {
            self.last
        } else {
            self.scratch.clear();
            for (key, value) in entry.resource.iter() {
                put_attribute(&mut self.scratch, 1, key, value);
            }
            self.group(&entry.scope_name)
        };
        self.last = index;
        let records = &mut self.groups[index].records;
        let before = records.len();
        put_record(records, entry);
        self.bytes += records.len() - before;
        self.records += 1;
    }

    /// Whether an entry surely belongs to the group of the last one. Lines of a file follow each other:
    /// to look is cheaper than to encode what is there already, and to compare that.
    fn is_last(&self, entry: &Entry<'_>) -> bool {
        let group = self.groups[..self.used].get(self.last);
        group.is_some_and(|group| {
            group.scope == entry.scope_name && is_encoded(&entry.resource, &group.resource)
        })
    }

    /// The group of the resource in `scratch`.
    fn group(&mut self, scope: &str) -> usize {
        let first = self.used.saturating_sub(REMEMBERED);
        let found = (first..self.used).rev().find(|at| {
            let group = &self.groups[*at];
            group.resource == self.scratch && group.scope == scope
        });
        if let Some(found) = found {
            return found;
        }
        if self.used == self.groups.len() {
            self.groups.push(Group::default());
        }
        let group = &mut self.groups[self.used];
        group.resource.clear();
        group.resource.extend_from_slice(&self.scratch);
        scope.clone_into(&mut group.scope);
        self.bytes += group.resource.len() + scope.len() + 16;
        self.used += 1;
        self.used - 1
    }

    /// The request with all entries, and their number; the encoder is empty then.
    #[must_use]
    pub fn finish(&mut self) -> (Vec<u8>, usize) {
        let mut out = Vec::with_capacity(self.bytes + 32 * self.used);
        for group in &mut self.groups[..self.used] {
            let scope = if group.scope.is_empty() {
                0
            } else {
                len_field(group.scope.len())
            };
            let scope_logs = len_field(scope) + group.records.len();
            let resource_logs = len_field(group.resource.len()) + len_field(scope_logs);
            put_tag(&mut out, 1, WireType::Len);
            put_varint(&mut out, resource_logs as u64);
            put_len_field(&mut out, 1, &group.resource);
            put_tag(&mut out, 2, WireType::Len);
            put_varint(&mut out, scope_logs as u64);
            put_tag(&mut out, 1, WireType::Len);
            put_varint(&mut out, scope as u64);
            if !group.scope.is_empty() {
                put_len_field(&mut out, 1, group.scope.as_bytes());
            }
            out.extend_from_slice(&group.records);
            group.records.clear();
            // What one giant line needed is not kept for ordinary ones.
            group.records.shrink_to(512 * 1024);
        }
        self.groups.truncate(REMEMBERED);
        self.used = 0;
        self.bytes = 0;
        (out, std::mem::take(&mut self.records))
    }
}

/// The size of a length-delimited field whose tag is one byte.
fn len_field(length: usize) -> usize {
    1 + varint_len(length as u64) + length
}

fn put_record(out: &mut Vec<u8>, entry: &Entry<'_>) {
    put_tag(out, 2, WireType::Len);
    let guess = OVERHEAD
        + match &entry.body {
            Value::Str(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            _ => 0,
        };
    let at = reserve_length(out, guess);
    if let Some(timestamp) = entry.timestamp {
        put_fixed64(out, 1, timestamp as u64);
    }
    put_fixed64(out, 11, entry.observed as u64);
    if entry.severity > 0 {
        put_tag(out, 2, WireType::Varint);
        out.push(entry.severity.min(24));
    }
    let text = if entry.severity > 0 && entry.severity_text.is_empty() {
        severity::name(entry.severity)
    } else {
        &entry.severity_text
    };
    if !text.is_empty() {
        put_len_field(out, 3, text.as_bytes());
    }
    put_nested(out, 5, |out| put_value(out, &entry.body));
    for (key, value) in entry.attributes.iter() {
        put_attribute(out, 6, key, value);
    }
    if let Some(flags) = entry.trace_flags.filter(|flags| *flags != 0) {
        put_tag(out, 8, WireType::Fixed32);
        out.extend_from_slice(&u32::from(flags).to_le_bytes());
    }
    if !entry.trace_id.is_empty() {
        put_len_field(out, 9, &sized::<16>(&entry.trace_id));
    }
    if !entry.span_id.is_empty() {
        put_len_field(out, 10, &sized::<8>(&entry.span_id));
    }
    set_length(out, at);
}

/// An id of the right length: filled up with zeros or cut, as upstream does.
fn sized<const N: usize>(id: &[u8]) -> [u8; N] {
    let mut sized = [0; N];
    for (to, from) in sized.iter_mut().zip(id) {
        *to = *from;
    }
    sized
}

fn put_fixed64(out: &mut Vec<u8>, number: u32, value: u64) {
    put_tag(out, number, WireType::Fixed64);
    out.extend_from_slice(&value.to_le_bytes());
}

/// A `KeyValue` as field `number`.
fn put_attribute(out: &mut Vec<u8>, number: u32, key: &str, value: &Value<'_>) {
    if let Value::Str(text) = value {
        // Lengths are known beforehand, so nothing has to be moved.
        let any = len_field(text.len());
        let whole = len_field(key.len()) + len_field(any);
        if whole < 0x80 {
            // Nearly all of them: every length is one byte, and so is every tag.
            let tag = |number: u32| (number << 3) as u8 | 2;
            out.reserve(2 + whole);
            out.extend_from_slice(&[tag(number), whole as u8, tag(1), key.len() as u8]);
            out.extend_from_slice(key.as_bytes());
            out.extend_from_slice(&[tag(2), any as u8, tag(1), text.len() as u8]);
            out.extend_from_slice(text.as_bytes());
            return;
        }
        put_tag(out, number, WireType::Len);
        put_varint(out, whole as u64);
        put_len_field(out, 1, key.as_bytes());
        put_tag(out, 2, WireType::Len);
        put_varint(out, any as u64);
        put_len_field(out, 1, text.as_bytes());
        return;
    }
    put_nested(out, number, |out| {
        put_len_field(out, 1, key.as_bytes());
        put_nested(out, 2, |out| put_value(out, value));
    });
}

/// Whether `encoded` is what [`put_attribute`] writes for a resource; may be false where it is, if not all
/// of it is short text.
fn is_encoded(resource: &Map<'_>, encoded: &[u8]) -> bool {
    let mut rest = encoded;
    for (key, value) in resource.iter() {
        let Value::Str(text) = value else {
            return false;
        };
        let any = len_field(text.len());
        let whole = len_field(key.len()) + len_field(any);
        if whole >= 0x80 {
            return false;
        }
        let parts: [&[u8]; 4] = [
            &[0x0a, whole as u8, 0x0a, key.len() as u8],
            key.as_bytes(),
            &[0x12, any as u8, 0x0a, text.len() as u8],
            text.as_bytes(),
        ];
        for part in parts {
            match rest.strip_prefix(part) {
                Some(behind) => rest = behind,
                None => return false,
            }
        }
    }
    rest.is_empty()
}

/// The fields of an `AnyValue`.
fn put_value(out: &mut Vec<u8>, value: &Value<'_>) {
    match value {
        Value::Null => {}
        Value::Str(text) => put_len_field(out, 1, text.as_bytes()),
        Value::Bool(value) => {
            put_tag(out, 2, WireType::Varint);
            out.push(u8::from(*value));
        }
        Value::Int(value) => {
            put_tag(out, 3, WireType::Varint);
            put_varint(out, *value as u64);
        }
        Value::Float(value) => {
            put_tag(out, 4, WireType::Fixed64);
            out.extend_from_slice(&value.to_le_bytes());
        }
        Value::List(list) => put_nested(out, 5, |out| {
            for value in list {
                put_nested(out, 1, |out| put_value(out, value));
            }
        }),
        Value::Map(map) => put_nested(out, 6, |out| put_map(out, map)),
        Value::Bytes(bytes) => put_len_field(out, 7, bytes),
    }
}

fn put_map(out: &mut Vec<u8>, map: &Map<'_>) {
    for (key, value) in map.iter() {
        put_attribute(out, 1, key, value);
    }
}

fn put_nested(out: &mut Vec<u8>, number: u32, content: impl FnOnce(&mut Vec<u8>)) {
    put_tag(out, number, WireType::Len);
    let at = reserve_length(out, 0);
    content(out);
    set_length(out, at);
}

/// Where a length goes, and how many bytes are kept free for it.
#[derive(Clone, Copy)]
struct LengthAt {
    at: usize,
    width: usize,
}

fn reserve_length(out: &mut Vec<u8>, guess: usize) -> LengthAt {
    let at = out.len();
    let width = varint_len(guess as u64);
    out.resize(at + width, 0);
    LengthAt { at, width }
}

/// Writes the length of what was put behind the room kept for it; moves it if the room is not
/// the one needed.
fn set_length(out: &mut Vec<u8>, LengthAt { at, width }: LengthAt) {
    let begin = at + width;
    let length = out.len() - begin;
    let needed = varint_len(length as u64);
    if needed > width {
        out.resize(out.len() + needed - width, 0);
        out.copy_within(begin..begin + length, at + needed);
    } else if needed < width {
        out.copy_within(begin.., at + needed);
        out.truncate(at + needed + length);
    }
    let mut rest = length;
    for byte in &mut out[at..at + needed] {
        *byte = (rest as u8 & 0x7f) | 0x80;
        rest >>= 7;
    }
    out[at + needed - 1] &= 0x7f;
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_core::Signal;
    use headwater_core::pdata::owned::LogsData;
    use headwater_core::pdata::validate::Level;
    use headwater_core::pdata::{count_items, validate};

    fn entry(body: Value<'static>, host: &'static str) -> Entry<'static> {
        let mut entry = Entry {
            body,
            observed: 5,
            ..Entry::default()
        };
        entry.resource.insert("host", host);
        entry
    }

    #[test]
    fn entries_are_grouped_by_resource_and_valid_otlp_at_any_size() {
        let mut encoder = Encoder::new();
        for round in 0..3 {
            for size in [0, 1, 40, 47, 48, 127, 128, 300, 16_300, 16_400, 3_000_000] {
                encoder.push(&entry("x".repeat(size).into(), "a"));
                let mut small = entry("y".into(), "b");
                small.attributes.insert("k", "v".repeat(size));
                small.severity = 9;
                encoder.push(&small);
            }
            let (bytes, items) = encoder.finish();
            assert_eq!(items, 22, "{round}");
            assert_eq!(count_items(Signal::Logs, &bytes), Ok(22));
            assert_eq!(validate(Signal::Logs, &bytes, Level::Strict), Ok(22));
            let data = LogsData::decode(&bytes.into()).unwrap();
            assert_eq!(data.resource_logs.len(), 2);
            let records = &data.resource_logs[1].scope_logs[0].log_records;
            assert_eq!(records.len(), 11);
            assert_eq!(records[0].severity_text, "INFO");
            assert_eq!(records[0].observed_time_unix_nano, 5);
            assert!(encoder.is_empty());
        }
    }

    #[test]
    fn a_resource_is_known_again_by_its_encoding_and_no_other_is() {
        let resource = |pairs: &[(&'static str, &str)]| {
            let mut map = Map::new();
            for (key, value) in pairs {
                map.insert(*key, (*value).to_owned());
            }
            map
        };
        let encoded = |map: &Map<'_>| {
            let mut out = Vec::new();
            for (key, value) in map.iter() {
                put_attribute(&mut out, 1, key, value);
            }
            out
        };
        let pod = resource(&[("pod", "web-0"), ("namespace", "shop")]);
        for (other, same) in [
            (pod.clone(), true),
            (resource(&[]), false),
            (resource(&[("pod", "web-0")]), false),
            (resource(&[("pod", "web-1"), ("namespace", "shop")]), false),
            (resource(&[("poe", "web-0"), ("namespace", "shop")]), false),
            (resource(&[("pod", "web-0"), ("namespace", "shopx")]), false),
            (resource(&[("namespace", "shop"), ("pod", "web-0")]), false),
        ] {
            assert_eq!(is_encoded(&other, &encoded(&pod)), same, "{other:?}");
        }
        assert!(is_encoded(&resource(&[]), &[]));
        // What is not sure is encoded.
        let long = resource(&[("pod", &"x".repeat(200))]);
        assert!(!is_encoded(&long, &encoded(&long)));
        let mut number = Map::new();
        number.insert("n", Value::Int(1));
        assert!(!is_encoded(&number, &encoded(&number)));
    }

    #[test]
    fn every_kind_of_value_survives() {
        let mut inner = Map::new();
        inner.insert("bool", Value::Bool(true));
        inner.insert("int", Value::Int(-3));
        inner.insert("float", Value::Float(0.5));
        inner.insert("bytes", Value::Bytes(vec![0xff, 0].into()));
        inner.insert("null", Value::Null);
        inner.insert("list", Value::List(vec!["a".into(), Value::Int(1)]));
        let mut encoder = Encoder::new();
        encoder.push(&entry(Value::Map(inner), "a"));
        let (bytes, _) = encoder.finish();
        assert_eq!(validate(Signal::Logs, &bytes, Level::Strict), Ok(1));
        let data = LogsData::decode(&bytes.into()).unwrap();
        let shown = format!(
            "{:?}",
            data.resource_logs[0].scope_logs[0].log_records[0].body
        );
        for part in ["bool", "-3", "0.5", "\\xff", "list"] {
            assert!(shown.contains(part), "{part} in {shown}");
        }
    }
}
