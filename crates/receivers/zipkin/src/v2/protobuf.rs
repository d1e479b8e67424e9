//! Zipkin v2 as protobuf. Source: `zipkin-go/proto/zipkin_proto3`, zipkin.proto and ParseSpans.

use std::borrow::Cow;
use std::net::IpAddr;

use headwater_core::pdata::wire::{Field, Fields, WireError, WireType};

use super::translate::Translator;
use super::{Endpoint, Kind, ZipkinSpan, print};
use crate::error::ZipkinError;
use crate::groups::Translated;

pub(crate) fn from_protobuf(body: &[u8], parse_tags: bool) -> Result<Translated, ZipkinError> {
    let mut translator = Translator::new(parse_tags);
    for field in Fields::new(body) {
        let field = field?;
        if let (1, Some(bytes)) = (field.number, nested(&field, body)) {
            translator.add(span(bytes)?)?;
        }
    }
    Ok(translator.finish())
}

fn span(bytes: &[u8]) -> Result<ZipkinSpan<'_>, ZipkinError> {
    let mut span = ZipkinSpan {
        // Here a span without a time begins at the epoch, and nothing says that it had none.
        timestamp: Some(0),
        ..ZipkinSpan::default()
    };
    let (mut trace_id, mut parent, mut id) = (&[][..], &[][..], &[][..]);
    for field in Fields::new(bytes) {
        let field = field?;
        let value = nested(&field, bytes);
        match (field.number, value) {
            (1, Some(value)) => trace_id = value,
            (2, Some(value)) => parent = value,
            (3, Some(value)) => id = value,
            (5, Some(value)) => span.name = text(value)?,
            (8, Some(value)) => endpoint(&mut span.local, value)?,
            (9, Some(value)) => endpoint(&mut span.remote, value)?,
            (10, Some(value)) => span.annotations.push(annotation(value)?),
            (11, Some(value)) => {
                let (name, value) = tag(value)?;
                span.tags.put(name, value);
            }
            (4, None) => {
                span.kind = match field.bits(bytes) {
                    1 => Kind::Client,
                    2 => Kind::Server,
                    3 => Kind::Producer,
                    4 => Kind::Consumer,
                    _ => Kind::None,
                }
            }
            (6, None) => span.timestamp = Some(field.bits(bytes)),
            (7, None) => span.duration = field.bits(bytes),
            _ => {}
        }
    }
    let length = trace_id.len();
    span.trace_id = trace_id.try_into().map_err(|_| {
        ZipkinError::span(format!(
            "invalid TraceID: has length {length} yet wanted length 16"
        ))
    })?;
    span.parent = span_id("ParentID", parent)?;
    span.id =
        span_id("SpanID", id)?.ok_or_else(|| ZipkinError::span("expected a non-nil SpanID"))?;
    Ok(span)
}

fn span_id(name: &str, bytes: &[u8]) -> Result<Option<[u8; 8]>, ZipkinError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let length = bytes.len();
    bytes.try_into().map(Some).map_err(|_| {
        ZipkinError::span(format!(
            "invalid {name}: has length {length} yet wanted length 8"
        ))
    })
}

/// The value of a field that has a length.
fn nested<'a>(field: &Field, bytes: &'a [u8]) -> Option<&'a [u8]> {
    (field.wire_type == WireType::Len).then(|| field.bytes(bytes))
}

fn text(bytes: &[u8]) -> Result<Cow<'_, str>, ZipkinError> {
    let text = std::str::from_utf8(bytes);
    text.map(Cow::Borrowed)
        .map_err(|_| ZipkinError::span("a text is not UTF-8"))
}

fn endpoint<'a>(endpoint: &mut Endpoint<'a>, bytes: &'a [u8]) -> Result<(), ZipkinError> {
    for field in Fields::new(bytes) {
        let field = field?;
        match (field.number, nested(&field, bytes)) {
            (1, Some(value)) => endpoint.service = text(value)?,
            (2, Some(value)) => endpoint.ipv4 = address(value),
            (3, Some(value)) => endpoint.ipv6 = address(value),
            (4, None) => endpoint.port = field.bits(bytes) as u16,
            _ => {}
        }
    }
    Ok(())
}

/// An address as Go prints it: `?` and the bytes if it is none.
fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(print(IpAddr::from(four)));
    }
    if let Ok(sixteen) = <[u8; 16]>::try_from(bytes) {
        return Some(print(IpAddr::from(sixteen)));
    }
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    (!bytes.is_empty()).then(|| std::iter::once("?".to_owned()).chain(digits).collect())
}

fn annotation(bytes: &[u8]) -> Result<(u64, Cow<'_, str>), ZipkinError> {
    let (mut time, mut value) = (0, Cow::Borrowed(""));
    for field in Fields::new(bytes) {
        let field = field?;
        match (field.number, nested(&field, bytes)) {
            (1, None) => time = field.bits(bytes),
            (2, Some(bytes)) => value = text(bytes)?,
            _ => {}
        }
    }
    Ok((time, value))
}

fn tag(bytes: &[u8]) -> Result<(Cow<'_, str>, Cow<'_, str>), ZipkinError> {
    let (mut name, mut value) = (Cow::Borrowed(""), Cow::Borrowed(""));
    for field in Fields::new(bytes) {
        let field: Field = field.map_err(|error: WireError| ZipkinError::from(error))?;
        match (field.number, nested(&field, bytes)) {
            (1, Some(bytes)) => name = text(bytes)?,
            (2, Some(bytes)) => value = text(bytes)?,
            _ => {}
        }
    }
    Ok((name, value))
}
