//! The record that operators work on.

use std::borrow::Cow;

use crate::{Map, Str, Value};

/// Where an entry begins, so that a reader knows what it must read again after a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Origin {
    /// The reader's number for the file or connection.
    pub source: u32,
    /// The offset of the first byte, in bytes.
    pub offset: u64,
}

/// One log entry. Everything it holds is a slice of the read buffer, of the program or of the
/// file's attributes until an operator has to make something new.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Entry<'a> {
    /// When it happened, in nanoseconds since 1970; `None` until a parser finds it.
    pub timestamp: Option<i64>,
    /// When it was read, in nanoseconds since 1970.
    pub observed: i64,
    /// The line, or what was made of it.
    pub body: Value<'a>,
    /// Attributes of the record.
    pub attributes: Map<'a>,
    /// Attributes of the resource.
    pub resource: Map<'a>,
    /// OTLP's severity number, 0 to 24.
    pub severity: u8,
    /// The severity as written; if it is empty and a severity is set, the name of the number.
    pub severity_text: Str<'a>,
    /// The trace that the entry belongs to; it leaves with 16 bytes, filled up or cut.
    pub trace_id: Vec<u8>,
    /// The span that the entry belongs to; it leaves with 8 bytes, filled up or cut.
    pub span_id: Vec<u8>,
    /// W3C trace flags.
    pub trace_flags: Option<u8>,
    /// The name of the instrumentation scope.
    pub scope_name: Str<'a>,
    /// Where it begins.
    pub origin: Origin,
}

impl<'a> Entry<'a> {
    /// Makes this the entry of another line; the room for attributes is used again.
    pub fn reset(&mut self, body: Value<'a>, observed: i64, origin: Origin) {
        self.timestamp = None;
        self.observed = observed;
        self.body = body;
        self.attributes.clear();
        self.resource.clear();
        self.severity = 0;
        self.severity_text = Cow::Borrowed("");
        self.trace_id.clear();
        self.span_id.clear();
        self.trace_flags = None;
        self.scope_name = Cow::Borrowed("");
        self.origin = origin;
    }

    /// The same entry, independent of the line.
    #[must_use]
    pub fn into_owned(self) -> Entry<'static> {
        Entry {
            timestamp: self.timestamp,
            observed: self.observed,
            body: self.body.into_owned(),
            attributes: self.attributes.into_owned(),
            resource: self.resource.into_owned(),
            severity: self.severity,
            severity_text: Cow::Owned(self.severity_text.into_owned()),
            trace_id: self.trace_id,
            span_id: self.span_id,
            trace_flags: self.trace_flags,
            scope_name: Cow::Owned(self.scope_name.into_owned()),
            origin: self.origin,
        }
    }
}
