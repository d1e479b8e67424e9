//! A span of OTLP as it is written.

use headwater_core::pdata::wire::{WireType, put_len_field, put_tag, put_varint};

use crate::attributes::{Value, put_attribute};
use crate::error::ZipkinError;
use crate::named::Named;

/// The kinds of OTLP.
pub(crate) mod kind {
    pub(crate) const UNSPECIFIED: u64 = 0;
    pub(crate) const INTERNAL: u64 = 1;
    pub(crate) const SERVER: u64 = 2;
    pub(crate) const CLIENT: u64 = 3;
    pub(crate) const PRODUCER: u64 = 4;
    pub(crate) const CONSUMER: u64 = 5;
}

/// The status codes of OTLP.
pub(crate) mod status {
    pub(crate) const UNSET: i32 = 0;
    pub(crate) const OK: i32 = 1;
    pub(crate) const ERROR: i32 = 2;
}

/// The attribute of spans that came without a time. Source: Go, StartTimeAbsent.
pub(crate) const NO_START: &str = "otel.zipkin.absentField.startTime";

/// A span to write; events and links are written already.
#[derive(Debug, Default)]
pub(crate) struct Span<'a> {
    pub(crate) trace_id: [u8; 16],
    pub(crate) id: [u8; 8],
    pub(crate) parent: [u8; 8],
    pub(crate) trace_state: &'a str,
    pub(crate) name: &'a str,
    pub(crate) kind: u64,
    /// Nanoseconds.
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) attributes: Named<'a, Value<'a>>,
    /// Fields 11 and 13.
    pub(crate) details: Vec<u8>,
    pub(crate) status: i32,
    pub(crate) message: &'a str,
}

impl Span<'_> {
    /// Appends the fields of the span.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        put_id(out, 1, &self.trace_id);
        put_id(out, 2, &self.id);
        put_text(out, 3, self.trace_state);
        put_id(out, 4, &self.parent);
        put_text(out, 5, self.name);
        put_number(out, 6, self.kind);
        put_time(out, 7, self.start);
        put_time(out, 8, self.end);
        for (name, value) in self.attributes.iter() {
            put_attribute(out, 9, name, value);
        }
        out.extend_from_slice(&self.details);
        if self.status != status::UNSET || !self.message.is_empty() {
            let mut status = Vec::with_capacity(self.message.len() + 8);
            put_text(&mut status, 2, self.message);
            put_number(&mut status, 3, i64::from(self.status).cast_unsigned());
            put_len_field(out, 15, &status);
        }
    }

    /// Adds an event.
    pub(crate) fn event(
        &mut self,
        time: u64,
        name: &str,
        attributes: &[(String, Value<'_>)],
        dropped: u32,
    ) {
        let mut event = Vec::with_capacity(name.len() + 16);
        put_time(&mut event, 1, time);
        put_text(&mut event, 2, name);
        for (name, value) in attributes {
            put_attribute(&mut event, 3, name, value);
        }
        put_number(&mut event, 4, u64::from(dropped));
        put_len_field(&mut self.details, 11, &event);
    }

    /// Adds a link.
    pub(crate) fn link(
        &mut self,
        (trace_id, id): ([u8; 16], [u8; 8]),
        trace_state: &str,
        attributes: &[(String, Value<'_>)],
        dropped: u32,
    ) {
        let mut link = Vec::with_capacity(40);
        put_id(&mut link, 1, &trace_id);
        put_id(&mut link, 2, &id);
        put_text(&mut link, 3, trace_state);
        for (name, value) in attributes {
            put_attribute(&mut link, 4, name, value);
        }
        put_number(&mut link, 5, u64::from(dropped));
        put_len_field(&mut self.details, 13, &link);
    }
}

/// An id; one of zeros is none.
fn put_id(out: &mut Vec<u8>, number: u32, id: &[u8]) {
    if id.iter().any(|byte| *byte != 0) {
        put_len_field(out, number, id);
    }
}

pub(crate) fn put_text(out: &mut Vec<u8>, number: u32, text: &str) {
    if !text.is_empty() {
        put_len_field(out, number, text.as_bytes());
    }
}

fn put_number(out: &mut Vec<u8>, number: u32, value: u64) {
    if value != 0 {
        put_tag(out, number, WireType::Varint);
        put_varint(out, value);
    }
}

fn put_time(out: &mut Vec<u8>, number: u32, nanos: u64) {
    if nanos != 0 {
        put_tag(out, number, WireType::Fixed64);
        out.extend_from_slice(&nanos.to_le_bytes());
    }
}

/// Nanoseconds of microseconds; what does not fit wraps around, as in Go.
pub(crate) const fn nanos(micros: u64) -> u64 {
    micros.wrapping_mul(1000)
}

/// Bytes in hexadecimal, exactly as many.
pub(crate) fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N {
        return None;
    }
    let mut id = [0; N];
    for (byte, pair) in id.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digit = |byte: u8| char::from(byte).to_digit(16);
        *byte = (digit(pair[0])? << 4 | digit(pair[1])?) as u8;
    }
    Some(id)
}

/// The attributes of an event or a link, and how many were dropped: `{"a":1}|0`, split at the last
/// bar.
pub(crate) fn details(text: &str) -> Result<(Vec<(String, Value<'static>)>, u32), ZipkinError> {
    let (json, dropped) = text.rsplit_once('|').unwrap_or((text, ""));
    let failed =
        |what: &str| ZipkinError::span(format!("an annotation or link has {what}: {text:?}"));
    let dropped = dropped
        .parse()
        .ok()
        .filter(|_| dropped.bytes().all(|byte| byte.is_ascii_digit()))
        .ok_or_else(|| failed("no count of dropped attributes behind its last `|`"))?;
    let object: Option<serde_json::Map<String, serde_json::Value>> =
        serde_json::from_str(json).map_err(|_| failed("attributes that are no JSON object"))?;
    let mut attributes = Vec::new();
    for (name, value) in object.unwrap_or_default() {
        let value = match value {
            serde_json::Value::String(text) => Value::text(text),
            serde_json::Value::Bool(value) => Value::Bool(value),
            serde_json::Value::Number(number) => match number.as_f64().unwrap_or_default() {
                number if number % 1.0 == 0.0 => Value::Int(number as i64),
                number => Value::Double(number),
            },
            _ => continue,
        };
        attributes.push((name, value));
    }
    Ok((attributes, dropped))
}
