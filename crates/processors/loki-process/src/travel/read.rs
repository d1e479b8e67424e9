//! From records to entries.
//!
//! A resource that is a stream says what the labels are. Of another one,
//!
//! * the attributes of the resource are labels, or those that a hint `loki.resource.labels` names;
//! * attributes of the record that a hint `loki.attribute.labels` names are labels, the others
//!   structured metadata; so are the trace's and the span's id;
//! * names of labels get an underscore for every letter that Prometheus does not allow.

use std::borrow::Cow;

use headwater_core::pdata::view::{AnyValue, Attributes, ResourceLogs};
use headwater_core::pdata::wire::{Field, WireType, read_field};
use headwater_loki::hints;

use crate::entry::{Entry, Text};
use crate::label;

/// What the resource says about all its records.
struct Source<'a> {
    is_stream: bool,
    labels: Vec<(Text<'a>, Text<'a>)>,
    /// Structured metadata of a resource that is no stream.
    metadata: Vec<(Text<'a>, Text<'a>)>,
    /// The names of record attributes that become labels.
    attribute_labels: Vec<Vec<u8>>,
}

/// Calls `take` with an entry for each record; the room of the entry is used again.
pub(crate) fn each<'a>(
    segment: &'a [u8],
    now: i64,
    entry: &mut Entry<'a>,
    mut take: impl FnMut(&mut Entry<'a>),
) {
    let mut at = 0;
    while let Ok(Some(field)) = read_field(segment, &mut at) {
        if field.number != 1 || field.wire_type != WireType::Len {
            continue;
        }
        let bytes = field.bytes(segment);
        let resource_logs = ResourceLogs::new(bytes);
        let source = Source::new(resource_logs.resource().attributes());
        for_each_field(bytes, |field| {
            // 1000 is the field of scopes in requests of old.
            if field.wire_type != WireType::Len || !matches!(field.number, 2 | 1000) {
                return;
            }
            let scope = field.bytes(bytes);
            for_each_field(scope, |field| {
                if field.wire_type == WireType::Len && field.number == 2 {
                    fill(entry, &source, field.bytes(scope), now);
                    take(entry);
                }
            });
        });
    }
}

fn for_each_field(bytes: &[u8], mut each: impl FnMut(Field)) {
    let mut at = 0;
    while let Ok(Some(field)) = read_field(bytes, &mut at) {
        each(field);
    }
}

/// The text of a value; none if there is no value.
fn text<'a>(value: &AnyValue<'a>) -> Text<'a> {
    match value {
        AnyValue::String(text) => text.to_lossy(),
        other => Cow::Owned(other.to_string()),
    }
}

/// A name that Prometheus allows.
fn name(key: Text<'_>) -> Text<'_> {
    if label::is_legacy(&key) {
        return key;
    }
    Cow::Owned(label::sanitize(&key))
}

impl<'a> Source<'a> {
    /// What the attributes of a resource say. No name comes twice; the last one counts.
    fn new(attributes: Attributes<'a>) -> Self {
        let mut source = Self::read(attributes);
        for pairs in [&mut source.labels, &mut source.metadata] {
            let mut unique: Vec<(Text<'a>, Text<'a>)> = Vec::with_capacity(pairs.len());
            for (name, value) in pairs.drain(..) {
                match unique.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, old)) => *old = value,
                    None => unique.push((name, value)),
                }
            }
            *pairs = unique;
        }
        source
    }

    fn read(attributes: Attributes<'a>) -> Self {
        let mut source = Self {
            is_stream: attributes
                .get(hints::STREAM)
                .is_some_and(|value| hints::is_stream(&value)),
            labels: Vec::new(),
            metadata: Vec::new(),
            attribute_labels: Vec::new(),
        };
        if source.is_stream {
            for attribute in attributes {
                let key = attribute.key();
                if key.as_bytes() != hints::STREAM.as_bytes() {
                    source
                        .labels
                        .push((key.to_lossy(), text(&attribute.value())));
                }
            }
            return source;
        }
        let mut wanted: Option<Vec<Vec<u8>>> = None;
        if let Some(list) = attributes.get(hints::RESOURCE_LABELS) {
            let names = wanted.get_or_insert_default();
            hints::names(&list, |name| names.push(name.to_vec()));
        }
        if let Some(list) = attributes.get(hints::ATTRIBUTE_LABELS) {
            hints::names(&list, |name| source.attribute_labels.push(name.to_vec()));
        }
        for attribute in attributes {
            let key = attribute.key();
            if hints::is_hint(key.as_bytes()) {
                continue;
            }
            let is_label = wanted
                .as_ref()
                .is_none_or(|names| names.iter().any(|name| name == key.as_bytes()));
            let pair = (name(key.to_lossy()), text(&attribute.value()));
            if is_label {
                source.labels.push(pair);
            } else {
                source.metadata.push(pair);
            }
        }
        source
    }
}

/// Makes the entry that of a record.
fn fill<'a>(entry: &mut Entry<'a>, source: &Source<'a>, record: &'a [u8], now: i64) {
    let (mut time, mut observed) = (0, 0);
    let mut line: Text<'a> = Cow::Borrowed("");
    let mut rest = Rest::default();
    for_each_field(record, |field| match (field.number, field.wire_type) {
        (1, WireType::Fixed64) => time = field.bits(record),
        (5, WireType::Len) => line = text(&AnyValue::new(field.bytes(record))),
        (6, WireType::Len) => {}
        (number, wire_type) => {
            if (number, wire_type) == (11, WireType::Fixed64) {
                observed = field.bits(record);
            }
            rest.add(record, &field);
        }
    });
    let timestamp = match (time, observed) {
        (0, 0) => now,
        (0, observed) => observed.cast_signed(),
        (time, _) => time.cast_signed(),
    };
    entry.reset(timestamp, line, rest.0);
    for (name, value) in &source.labels {
        entry.push_label(name.clone(), value.clone());
    }
    entry.metadata.extend_from_slice(&source.metadata);
    for_each_field(record, |field| {
        if (field.number, field.wire_type) == (6, WireType::Len) {
            let attribute = headwater_core::pdata::view::KeyValue::new(field.bytes(record));
            let (key, value) = (attribute.key(), attribute.value());
            if source.is_stream {
                entry.set_metadata(key.to_lossy(), text(&value));
            } else {
                attribute_of_record(entry, source, key.to_lossy(), &value);
            }
        }
    });
    if !source.is_stream {
        ids(entry, record);
    }
}

fn attribute_of_record<'a>(
    entry: &mut Entry<'a>,
    source: &Source<'a>,
    key: Text<'a>,
    value: &AnyValue<'a>,
) {
    if hints::is_hint(key.as_bytes()) {
        return;
    }
    let is_label = source
        .attribute_labels
        .iter()
        .any(|name| name == key.as_bytes());
    let (name, value) = (name(key), text(value));
    if is_label {
        entry.begin_label(name, value);
    } else {
        entry.set_metadata(name, value);
    }
}

/// The ids of trace and span as structured metadata: a stream has no other place for them.
fn ids<'a>(entry: &mut Entry<'a>, record: &'a [u8]) {
    for_each_field(record, |field| {
        let name = match (field.number, field.wire_type) {
            (9, WireType::Len) => "trace_id",
            (10, WireType::Len) => "span_id",
            _ => return,
        };
        let id = field.bytes(record);
        if id.iter().any(|byte| *byte != 0) {
            let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
            entry.set_metadata(name, hex);
        }
    });
}

/// The fields that are kept as they came; a slice of the record as long as they stand together.
#[derive(Default)]
struct Rest<'a>(Cow<'a, [u8]>);

impl<'a> Rest<'a> {
    fn add(&mut self, record: &'a [u8], field: &Field) {
        let raw = field.raw(record);
        match &mut self.0 {
            Cow::Borrowed([]) => self.0 = Cow::Borrowed(raw),
            Cow::Borrowed(known) => {
                let begin = known.as_ptr() as usize - record.as_ptr() as usize;
                let end = begin + known.len();
                if end == field.start {
                    *known = &record[begin..field.end];
                } else {
                    let mut bytes = known.to_vec();
                    bytes.extend_from_slice(raw);
                    self.0 = Cow::Owned(bytes);
                }
            }
            Cow::Owned(bytes) => bytes.extend_from_slice(raw),
        }
    }
}
