//! From Zipkin v1 to OTLP.

use std::borrow::Cow;
use std::time::{SystemTime, UNIX_EPOCH};

use super::status::Status;
use super::{Annotation, Binary, Endpoint, LOCAL_COMPONENT, ZipkinSpan};
use crate::attributes::{Value, put_attribute};
use crate::groups::{Groups, Translated};
use crate::span::{NO_START, Span, kind, nanos};

/// The name of a service that says none.
const UNKNOWN_SERVICE: &str = "unknown-service";
/// The attribute that the name of a component becomes.
const COMPONENT: &str = "component";

/// Takes spans one by one.
#[derive(Default)]
pub(super) struct Translator {
    groups: Groups,
    buffer: Vec<u8>,
}

impl Translator {
    pub(super) fn finish(self) -> Translated {
        self.groups.finish()
    }

    pub(super) fn add(&mut self, from: ZipkinSpan<'_>) {
        let mut span = Span {
            trace_id: from.trace_id,
            id: from.id,
            parent: from.parent,
            name: &from.name,
            ..Span::default()
        };
        let mut endpoint = annotations(&mut span, &from.annotations);
        let (code, message, component) = binary(&mut span, from.binary);
        if endpoint.service == UNKNOWN_SERVICE && !component.is_empty() {
            endpoint.service = component;
        }
        if let Some(start) = from.timestamp {
            span.start = time(start);
            span.end = time(start.wrapping_add(from.duration));
        }
        if span.start == 0 && from.now_without_time {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            let now = now.unwrap_or_default().as_nanos();
            span.start = u64::try_from(now).unwrap_or(u64::MAX);
            span.end = span.start;
            span.attributes.put(NO_START.into(), Value::Bool(true));
        }
        span.status = code;
        span.message = &message;
        let key = format!(
            "{}-{}-{}-{}",
            endpoint.service, endpoint.ipv4, endpoint.ipv6, endpoint.port
        );
        let resource = |out: &mut Vec<u8>| put_resource(out, &endpoint);
        let place = self.groups.place(&key, "", resource, |_| {});
        self.groups.add(place, &span, &mut self.buffer);
    }
}

/// Nanoseconds of microseconds; what is before 1970 is 0.
fn time(micros: i64) -> u64 {
    u64::try_from(micros).map_or(0, nanos)
}

/// Kind, times and events; the endpoint that the span is of.
fn annotations<'a>(span: &mut Span<'_>, annotations: &[Annotation<'a>]) -> Endpoint<'a> {
    let mut endpoint = None;
    let (mut first, mut last) = (i64::MAX, i64::MIN);
    let mut has_kind = false;
    for annotation in annotations {
        let kind = match &*annotation.value {
            "" => continue,
            "cs" | "cr" => Some(kind::CLIENT),
            "ms" => Some(kind::PRODUCER),
            "mr" => Some(kind::CONSUMER),
            "ss" | "sr" => Some(kind::SERVER),
            _ => None,
        };
        let service = &*annotation.endpoint.service;
        let is_named = !service.is_empty() && service != UNKNOWN_SERVICE;
        if endpoint.is_none() && is_named && kind.is_some() {
            endpoint = Some(annotation.endpoint.clone());
        }
        if let Some(kind) = kind.filter(|_| !has_kind) {
            span.kind = kind;
            has_kind = true;
        }
        let at = time(annotation.timestamp);
        if annotation.timestamp < first {
            first = annotation.timestamp;
            span.start = at;
        }
        if annotation.timestamp > last {
            last = annotation.timestamp;
            span.end = at;
        }
        if kind.is_none() {
            span.event(at, &annotation.value, &[], 0);
        }
    }
    endpoint.unwrap_or_else(|| Endpoint {
        service: UNKNOWN_SERVICE.into(),
        ..Endpoint::default()
    })
}

/// Attributes; code and message of the status, and the name that a service without one has.
fn binary<'a>(
    span: &mut Span<'a>,
    annotations: Vec<Binary<'a>>,
) -> (i32, Cow<'a, str>, Cow<'a, str>) {
    let mut found = Status::default();
    let (mut service, mut component) = (Cow::Borrowed(""), Cow::Borrowed(""));
    for annotation in annotations {
        if !annotation.service.is_empty() {
            service = annotation.service;
        }
        let name = if annotation.name == LOCAL_COMPONENT {
            component = annotation.component;
            Cow::Borrowed(COMPONENT)
        } else {
            annotation.name
        };
        if !found.takes(&name, &annotation.value) {
            span.attributes.put(name, annotation.value);
        }
    }
    let (code, message) = found.finish();
    let service = if service.is_empty() {
        component
    } else {
        service
    };
    (code, message, service)
}

fn put_resource(out: &mut Vec<u8>, endpoint: &Endpoint<'_>) {
    let port = match endpoint.port {
        0 => String::new(),
        port => port.to_string(),
    };
    put_attribute(out, 1, "service.name", &Value::text(&*endpoint.service));
    for (name, text) in [
        ("ipv4", &*endpoint.ipv4),
        ("ipv6", &*endpoint.ipv6),
        ("port", port.as_str()),
    ] {
        if !text.is_empty() {
            put_attribute(out, 1, name, &Value::text(text));
        }
    }
}
