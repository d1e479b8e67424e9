//! From Zipkin v2 to OTLP.

use std::borrow::Cow;

use super::names::{SCOPES, SERVICE_NAME_SOURCE, is_of_no_span, is_of_resource};
use super::{Endpoint, Kind, ZipkinSpan};
use crate::attributes::{Value, put_attribute};
use crate::error::ZipkinError;
use crate::groups::{Groups, Translated};
use crate::named::Named;
use crate::span::{NO_START, Span, details, hex, kind, nanos, put_text, status};

/// What stands for the name of a service that has none. Source: Go, ResourceNoServiceName.
const NO_SERVICE: &str = "OTLPResourceNoServiceName";
/// How many links a span can have. Source: Go, zTagsToSpanLinks.
const MOST_LINKS: usize = 128;

type Tags<'a> = Named<'a, Cow<'a, str>>;

/// Takes spans one by one.
pub(super) struct Translator {
    groups: Groups,
    parse_tags: bool,
    buffer: Vec<u8>,
}

impl Translator {
    pub(super) fn new(parse_tags: bool) -> Self {
        Self {
            groups: Groups::default(),
            parse_tags,
            buffer: Vec::new(),
        }
    }

    pub(super) fn finish(mut self) -> Translated {
        self.groups.sort();
        self.groups.finish()
    }

    pub(super) fn add(&mut self, from: ZipkinSpan<'_>) -> Result<(), ZipkinError> {
        let mut tags = from.tags;
        let service = match &*from.local.service {
            "" => NO_SERVICE,
            name => name,
        };
        let scope = scope(&tags);
        let (scope_name, scope_version) = (scope.0.to_owned(), scope.1.to_owned());
        let place = self.groups.place(
            service,
            &scope_name,
            |resource| put_resource(resource, service, &tags),
            |header| {
                if !scope_name.is_empty() {
                    put_text(header, 1, &scope_name);
                    put_text(header, 2, &scope_version);
                }
            },
        );
        let trace_state = tags.remove("w3c.tracestate").unwrap_or_default();
        let kind = span_kind(from.kind, &mut tags);
        let (code, message) = span_status(&mut tags);
        let mut span = Span {
            trace_id: from.trace_id,
            id: from.id,
            // A span that is its own parent has none.
            parent: from.parent.filter(|id| *id != from.id).unwrap_or_default(),
            trace_state: &trace_state,
            name: &from.name,
            kind,
            status: code,
            message: &message,
            ..Span::default()
        };
        links(&mut tags, &mut span)?;
        for (name, value) in tags {
            if !is_of_no_span(&name) {
                let value = Value::of(value, self.parse_tags);
                span.attributes.put(name, value);
            }
        }
        endpoint(&mut span, &from.local, ["net.host.ip", "net.host.port"]);
        if !from.remote.service.is_empty() {
            let service = Value::Text(from.remote.service.clone());
            span.attributes.put("peer.service".into(), service);
        }
        endpoint(&mut span, &from.remote, ["net.peer.ip", "net.peer.port"]);
        match from.timestamp {
            Some(start) => {
                span.start = nanos(start);
                span.end = span.start.wrapping_add(nanos(from.duration));
            }
            None => {
                span.end = nanos(from.duration);
                span.attributes.put(NO_START.into(), Value::Bool(true));
            }
        }
        for (time, text) in &from.annotations {
            event(&mut span, nanos(*time), text)?;
        }
        self.groups.add(place, &span, &mut self.buffer);
        Ok(())
    }
}

/// Name and version of the scope.
fn scope<'t>(tags: &'t Tags<'_>) -> (&'t str, &'t str) {
    for (name, version) in SCOPES {
        if let Some(name) = tags.get(name).filter(|name| !name.is_empty()) {
            return (name, tags.get(version).map_or("", |version| version));
        }
    }
    ("", "")
}

/// The resource of a service, as its first span describes it.
fn put_resource(out: &mut Vec<u8>, service: &str, tags: &Tags<'_>) {
    if service == NO_SERVICE {
        return;
    }
    let source = tags
        .get(SERVICE_NAME_SOURCE)
        .filter(|name| !name.is_empty());
    let name = source.map_or("service.name", |name| name);
    let mut attributes: Named<'_, &str> = Named::default();
    attributes.put(Cow::Borrowed(name), service);
    for (name, value) in tags.iter().filter(|(name, _)| is_of_resource(name)) {
        attributes.put(Cow::Borrowed(name), value);
    }
    for (name, value) in attributes.iter() {
        put_attribute(out, 1, name, &Value::text(*value));
    }
}

fn span_kind(from: Kind, tags: &mut Tags<'_>) -> u64 {
    match from {
        Kind::Client => kind::CLIENT,
        Kind::Server => kind::SERVER,
        Kind::Producer => kind::PRODUCER,
        Kind::Consumer => kind::CONSUMER,
        Kind::None => match tags.remove("span.kind").as_deref() {
            Some("internal") => kind::INTERNAL,
            _ => kind::UNSPECIFIED,
        },
    }
}

/// Code and message of the status.
fn span_status<'a>(tags: &mut Tags<'a>) -> (i32, Cow<'a, str>) {
    let (mut code, mut message) = (status::UNSET, Cow::Borrowed(""));
    if let Some(name) = tags.remove("otel.status_code") {
        code = match &*name {
            "STATUS_CODE_OK" | "Ok" => status::OK,
            "STATUS_CODE_ERROR" | "Error" => status::ERROR,
            _ => status::UNSET,
        };
        message = tags.remove("otel.status_description").unwrap_or_default();
    }
    if let Some(error) = tags.get("error") {
        code = status::ERROR;
        if error == "true" {
            tags.remove("error");
        }
    }
    (code, message)
}

fn links(tags: &mut Tags<'_>, span: &mut Span<'_>) -> Result<(), ZipkinError> {
    for number in 0..MOST_LINKS {
        let Some(text) = tags.remove(&format!("otlp.link.{number}")) else {
            return Ok(());
        };
        let mut parts = text.splitn(4, '|');
        let (Some(trace), Some(id), Some(state), Some(rest)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        if !rest.contains('|') {
            continue;
        }
        let (attributes, dropped) = details(rest)?;
        span.link((link_id(trace)?, link_id(id)?), state, &attributes, dropped);
    }
    Ok(())
}

/// An id, perhaps in quotes; nothing is one of zeros.
fn link_id<const N: usize>(text: &str) -> Result<[u8; N], ZipkinError> {
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    match inner.unwrap_or(text) {
        "" => Ok([0; N]),
        id => hex(id).ok_or_else(|| {
            ZipkinError::span(format!("{id:?} is no id of {} hexadecimal digits", 2 * N))
        }),
    }
}

fn endpoint(span: &mut Span<'_>, from: &Endpoint<'_>, [ip, port]: [&'static str; 2]) {
    for address in [&from.ipv4, &from.ipv6].into_iter().flatten() {
        span.attributes.put(ip.into(), Value::text(address.clone()));
    }
    if from.port > 0 {
        let number = Value::Int(i64::from(from.port));
        span.attributes.put(port.into(), number);
    }
}

/// An event: a name, or `name|attributes|dropped`.
fn event(span: &mut Span<'_>, time: u64, text: &str) -> Result<(), ZipkinError> {
    match text.split_once('|') {
        None => span.event(time, text, &[], 0),
        Some((name, rest)) if rest.contains('|') => {
            let (attributes, dropped) = details(rest)?;
            span.event(time, name, &attributes, dropped);
        }
        Some((name, _)) => span.event(time, name, &[], 0),
    }
    Ok(())
}
