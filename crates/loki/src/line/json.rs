//! `{"body":…,"traceid":…,"spanid":…,"severity":…,"flags":…,"attributes":{…},"resources":{…},
//! "instrumentation_scope":{"name":…,"version":…}}`; what is empty is left out.

use headwater_core::pdata::view::{AnyValue, KeyValue};

use super::{Keys, Record, Scope, is_id, put_hex};
use crate::json::{put_map, put_number, put_text, put_value};

/// Appends resource and scope.
pub(super) fn put_tail<'a>(
    out: &mut Vec<u8>,
    resource: impl Iterator<Item = KeyValue<'a>>,
    scope: Scope<'_>,
) {
    let mut object = Object { out, first: true };
    object.map("resources", resource);
    if !scope.name.is_empty() {
        object.key("instrumentation_scope");
        object.out.extend_from_slice(b"{\"name\":");
        put_text(object.out, scope.name.as_bytes());
        if !scope.version.is_empty() {
            object.out.extend_from_slice(b",\"version\":");
            put_text(object.out, scope.version.as_bytes());
        }
        object.out.push(b'}');
    }
}

/// Appends the line.
pub(super) fn put_line<'a>(
    out: &mut Vec<u8>,
    keys: Keys<'_>,
    record: &Record<'a>,
    attributes: impl Iterator<Item = KeyValue<'a>>,
    tail: &[u8],
) {
    let mut object = Object { out, first: true };
    object.out.push(b'{');
    if record.body != AnyValue::Empty {
        object.key("body");
        put_value(object.out, &record.body);
    }
    for (name, id) in [
        (keys.trace_id("traceid"), record.trace_id),
        ("spanid", record.span_id),
    ] {
        if is_id(id) {
            object.key(name);
            object.out.push(b'"');
            put_hex(object.out, id);
            object.out.push(b'"');
        }
    }
    if !record.severity.is_empty() {
        object.key("severity");
        put_text(object.out, record.severity.as_bytes());
    }
    if record.flags != 0 {
        object.key("flags");
        put_number(object.out, i64::from(record.flags));
    }
    object.map("attributes", attributes);
    if !tail.is_empty() {
        object.separate();
        object.out.extend_from_slice(tail);
    }
    object.out.push(b'}');
}

struct Object<'o> {
    out: &'o mut Vec<u8>,
    first: bool,
}

impl Object<'_> {
    fn separate(&mut self) {
        if !std::mem::replace(&mut self.first, false) {
            self.out.push(b',');
        }
    }

    fn key(&mut self, name: &str) {
        self.separate();
        put_text(self.out, name.as_bytes());
        self.out.push(b':');
    }

    fn map<'a>(&mut self, name: &str, entries: impl Iterator<Item = KeyValue<'a>>) {
        let mut entries = entries.peekable();
        if entries.peek().is_some() {
            self.key(name);
            put_map(self.out, entries);
        }
    }
}
