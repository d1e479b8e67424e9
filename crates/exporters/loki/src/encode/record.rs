//! A log record, read in one walk.

use std::time::{SystemTime, UNIX_EPOCH};

use headwater_core::pdata::view::{AnyValue, KeyValue, LogRecord, Text};
use headwater_core::pdata::wire::{Fields, WireType};
use headwater_loki::line;
use smallvec::SmallVec;

/// What of a record is asked for. Fields may come in any order; of a scalar the last one counts.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    pub(crate) time: u64,
    pub(crate) observed: u64,
    pub(crate) severity_number: i32,
    pub(crate) severity_text: Text<'a>,
    pub(crate) body: AnyValue<'a>,
    pub(crate) flags: u32,
    pub(crate) trace_id: &'a [u8],
    pub(crate) span_id: &'a [u8],
    pub(crate) event_name: Text<'a>,
    pub(crate) attributes: SmallVec<[KeyValue<'a>; 12]>,
    /// An attribute begins with `loki.`: there may be hints.
    pub(crate) has_hints: bool,
}

impl<'a> Record<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> Self {
        let mut record = Self {
            time: 0,
            observed: 0,
            severity_number: 0,
            severity_text: Text::default(),
            body: AnyValue::Empty,
            flags: 0,
            trace_id: &[],
            span_id: &[],
            event_name: Text::default(),
            attributes: SmallVec::new(),
            has_hints: false,
        };
        let mut bodies = 0;
        for field in Fields::new(bytes) {
            let Ok(field) = field else { break };
            match (field.number, field.wire_type) {
                (1, WireType::Fixed64) => record.time = field.bits(bytes),
                (11, WireType::Fixed64) => record.observed = field.bits(bytes),
                (2, WireType::Varint) => record.severity_number = field.bits(bytes) as i32,
                (3, WireType::Len) => record.severity_text = Text::new(field.bytes(bytes)),
                (5, WireType::Len) => {
                    bodies += 1;
                    record.body = AnyValue::new(field.bytes(bytes));
                }
                (6, WireType::Len) => {
                    let attribute = KeyValue::new(field.bytes(bytes));
                    record.has_hints |= attribute.key().as_bytes().starts_with(b"loki.");
                    record.attributes.push(attribute);
                }
                (8, WireType::Fixed32) => record.flags = field.bits(bytes) as u32,
                (9, WireType::Len) => record.trace_id = field.bytes(bytes),
                (10, WireType::Len) => record.span_id = field.bytes(bytes),
                (12, WireType::Len) => record.event_name = Text::new(field.bytes(bytes)),
                _ => {}
            }
        }
        if bodies > 1 {
            record.body = LogRecord::new(bytes).body();
        }
        record
    }

    /// The value of the first attribute called `name`.
    pub(crate) fn attribute(&self, name: &[u8]) -> Option<AnyValue<'a>> {
        self.attributes
            .iter()
            .find(|attribute| attribute.key().as_bytes() == name)
            .map(KeyValue::value)
    }

    /// When it happened, else when it was seen, else now.
    pub(crate) fn when(&self) -> i64 {
        let time = if self.time != 0 {
            self.time
        } else {
            self.observed
        };
        if time != 0 {
            return i64::try_from(time).unwrap_or(i64::MAX);
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        i64::try_from(now.unwrap_or_default().as_nanos()).unwrap_or(i64::MAX)
    }

    pub(crate) const fn line(&self) -> line::Record<'a> {
        line::Record {
            body: self.body,
            trace_id: self.trace_id,
            span_id: self.span_id,
            severity: self.severity_text,
            flags: self.flags,
        }
    }
}
