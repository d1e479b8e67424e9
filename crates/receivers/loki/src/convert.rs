//! From push messages to OTLP.

use std::time::{SystemTime, UNIX_EPOCH};

use headwater_core::pdata::edit::EncodeValue;
use headwater_core::pdata::view::Text;
use headwater_core::pdata::wire::{WireError, WireType, put_len_field, put_tag};
use headwater_loki::hints::STREAM;
use headwater_loki::label::parse_label_set;
use headwater_loki::push::{Stream, streams};
use headwater_prometheus::labels::Labels;
use headwater_prometheus::relabel::Rules;

/// What is done with streams.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) use_incoming_timestamp: bool,
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) rules: Rules,
    pub(crate) as_streams: bool,
}

/// A push as OTLP.
#[derive(Debug, Default)]
pub(crate) struct Converted {
    pub(crate) body: Vec<u8>,
    /// Records in it.
    pub(crate) items: usize,
    /// Entries that rules have dropped.
    pub(crate) filtered: usize,
    /// Entries that cannot be taken.
    pub(crate) refused: usize,
    /// What is wrong with them, stream by stream.
    pub(crate) problems: Vec<String>,
}

/// How many problems an answer lists.
const MOST_PROBLEMS: usize = 10;
/// How long labels that are repeated in every record may make a push, in bytes per byte of it, and
/// beyond that. Streams of small entries with long labels would grow with the square of their size.
const MOST_REPEATED: (usize, usize) = (32, 1 << 20);

/// Nanoseconds since 1970.
pub(crate) fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(now.unwrap_or_default().as_nanos()).unwrap_or(u64::MAX)
}

/// Converts a push message that arrived at `now`.
pub(crate) fn convert(message: &[u8], options: &Options, now: u64) -> Result<Converted, WireError> {
    let mut converted = Converted::default();
    let mut writer = Writer {
        options,
        now,
        attributes: Vec::new(),
        records: Vec::with_capacity(message.len() * 2),
        out: Vec::new(),
        scratch: Vec::new(),
    };
    let mut room = MOST_REPEATED.1 + MOST_REPEATED.0 * message.len();
    for stream in streams(message)? {
        let entries = stream.entries().count();
        if entries == 0 {
            continue;
        }
        let labels = labels(&stream, options).and_then(|labels| {
            if let Some(labels) = &labels {
                writer.labels(labels);
                let repeated = writer.attributes.len().saturating_mul(entries);
                room = room.checked_sub(repeated).ok_or_else(|| {
                    format!(
                        "the labels of a stream, {} bytes in each of its {entries} records, are \
                         too long for so many small entries",
                        writer.attributes.len()
                    )
                })?;
            }
            Ok(labels)
        });
        match labels {
            Ok(Some(labels)) => {
                writer.stream(&stream, &labels);
                converted.items += entries;
            }
            Ok(None) => converted.filtered += entries,
            Err(problem) => {
                converted.refused += entries;
                if converted.problems.len() < MOST_PROBLEMS {
                    converted.problems.push(problem);
                }
            }
        }
    }
    converted.body = writer.finish();
    Ok(converted)
}

/// Converts lines without labels of their own.
pub(crate) fn convert_lines(text: &[u8], options: &Options, now: u64) -> Converted {
    let mut writer = Writer {
        options,
        now,
        attributes: Vec::new(),
        records: Vec::with_capacity(text.len() * 2),
        out: Vec::new(),
        scratch: Vec::new(),
    };
    let mut converted = Converted::default();
    writer.labels(&options.labels);
    for line in text.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !line.is_empty() {
            converted.items += 1;
            writer.record(now, Text::new(line), std::iter::empty());
        }
    }
    writer.end_stream(&options.labels);
    converted.body = writer.finish();
    converted
}

/// The labels of a stream, after the rules; `None` if they drop it.
fn labels(stream: &Stream<'_>, options: &Options) -> Result<Option<Vec<(String, String)>>, String> {
    let text = stream.labels().to_lossy();
    // Loki's own words, which its clients understand.
    let parsed = parse_label_set(&text)
        .map_err(|error| format!("error parsing labels '{text}' with error: {error}"))?;
    let rules = !options.rules.is_empty();
    if options.labels.is_empty() && !rules {
        let visible = parsed.into_iter().filter(|(name, _)| is_visible(name));
        let owned = visible.map(|(name, value)| (name.to_owned(), value.into_owned()));
        return Ok(Some(owned.collect()));
    }
    let mut labels = Labels::default();
    for (name, value) in parsed {
        labels.set(name, &value);
    }
    for (name, value) in &options.labels {
        labels.set(name, value);
    }
    if rules && (!options.rules.apply(&mut labels) || labels.is_empty()) {
        return Ok(None);
    }
    let visible = labels.iter().filter(|(name, _)| is_visible(name));
    let owned = visible.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Ok(Some(owned.collect()))
}

/// Names that begin with `__` are internal.
fn is_visible(name: &str) -> bool {
    !name.starts_with("__")
}

struct Writer<'o> {
    options: &'o Options,
    now: u64,
    /// The labels as attributes of a record.
    attributes: Vec<u8>,
    /// `ScopeLogs` so far.
    records: Vec<u8>,
    out: Vec<u8>,
    scratch: Vec<u8>,
}

impl Writer<'_> {
    /// The labels have been set.
    fn stream(&mut self, stream: &Stream<'_>, labels: &[(String, String)]) {
        for entry in stream.entries() {
            let time = match u64::try_from(entry.time) {
                Ok(time) if time > 0 && self.options.use_incoming_timestamp => time,
                _ => self.now,
            };
            self.record(time, entry.line, entry.metadata());
        }
        self.end_stream(labels);
    }

    fn labels(&mut self, labels: &[(String, String)]) {
        self.attributes.clear();
        if !self.options.as_streams {
            for (name, value) in labels {
                put_attribute(&mut self.attributes, 6, name.as_bytes(), value.as_str());
            }
        }
    }

    fn record<'a>(
        &mut self,
        time: u64,
        line: Text<'_>,
        metadata: impl Iterator<Item = (Text<'a>, Text<'a>)>,
    ) {
        let record = &mut self.scratch;
        record.clear();
        put_fixed(record, 1, time);
        let mut body = Vec::with_capacity(line.as_bytes().len() + 8);
        // OTLP has no text that is not UTF-8: one such line, and a backend may refuse the batch.
        line.to_lossy().encode_value(&mut body);
        put_len_field(record, 5, &body);
        record.extend_from_slice(&self.attributes);
        for (name, value) in metadata {
            let (name, value) = (name.to_lossy(), value.to_lossy());
            put_attribute(record, 6, name.as_bytes(), &*value);
        }
        put_fixed(record, 11, self.now);
        put_len_field(&mut self.records, 2, record);
    }

    /// What was written so far is a resource of its own.
    fn end_stream(&mut self, labels: &[(String, String)]) {
        if !self.options.as_streams {
            return;
        }
        let mut resource = Vec::new();
        for (name, value) in labels {
            put_attribute(&mut resource, 1, name.as_bytes(), value.as_str());
        }
        put_attribute(&mut resource, 1, STREAM.as_bytes(), &true);
        let records = std::mem::take(&mut self.records);
        self.put_resource(&resource, &records);
    }

    fn put_resource(&mut self, resource: &[u8], records: &[u8]) {
        let mut entry = Vec::with_capacity(resource.len() + records.len() + 16);
        put_len_field(&mut entry, 1, resource);
        put_len_field(&mut entry, 2, records);
        put_len_field(&mut self.out, 1, &entry);
    }

    fn finish(mut self) -> Vec<u8> {
        if !self.records.is_empty() {
            let records = std::mem::take(&mut self.records);
            self.put_resource(&[], &records);
        }
        self.out
    }
}

fn put_fixed(out: &mut Vec<u8>, number: u32, value: u64) {
    put_tag(out, number, WireType::Fixed64);
    out.extend_from_slice(&value.to_le_bytes());
}

fn put_attribute(out: &mut Vec<u8>, number: u32, name: &[u8], value: &(impl EncodeValue + ?Sized)) {
    let (mut entry, mut encoded) = (Vec::new(), Vec::new());
    value.encode_value(&mut encoded);
    put_len_field(&mut entry, 1, name);
    put_len_field(&mut entry, 2, &encoded);
    put_len_field(out, number, &entry);
}
