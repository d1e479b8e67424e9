//! Zipkin v1 as JSON.

use std::borrow::Cow;

use super::translate::Translator;
use super::{Annotation, Binary, Endpoint, LOCAL_COMPONENT, ZipkinSpan};
use crate::attributes::Value;
use crate::error::ZipkinError;
use crate::groups::Translated;
use crate::json::{Text, each, object};
use crate::span::hex;

object! {
    /// A span.
    Span {
        trace_id: Text<'a> = "traceId",
        id: Text<'a> = "id",
        parent_id: Text<'a> = "parentId",
        name: Text<'a> = "name",
        timestamp: i64 = "timestamp",
        duration: i64 = "duration",
        debug: bool = "debug",
        annotations: Vec<Option<JsonAnnotation<'a>>> = "annotations",
        binary: Vec<JsonBinary<'a>> = "binaryAnnotations",
    }
}

object! {
    /// An annotation.
    JsonAnnotation {
        timestamp: i64 = "timestamp",
        value: Text<'a> = "value",
        endpoint: Host<'a> = "endpoint",
    }
}

object! {
    /// A binary annotation.
    JsonBinary {
        key: Text<'a> = "key",
        value: Text<'a> = "value",
        endpoint: Host<'a> = "endpoint",
    }
}

object! {
    /// An endpoint.
    Host {
        service_name: Text<'a> = "serviceName",
        ipv4: Text<'a> = "ipv4",
        ipv6: Text<'a> = "ipv6",
        port: i32 = "port",
    }
}

pub(crate) fn from_json(body: &[u8], parse_tags: bool) -> Result<Translated, ZipkinError> {
    let mut translator = Translator::default();
    each("v1", body, |span: Option<Span<'_>>| {
        let span = span.ok_or_else(|| ZipkinError::span("a span is null"))?;
        translator.add(span.read(parse_tags)?);
        Ok(())
    })?;
    Ok(translator.finish())
}

impl<'a> Span<'a> {
    fn read(self, parse_tags: bool) -> Result<ZipkinSpan<'a>, ZipkinError> {
        let parent = match &*self.parent_id.0 {
            "" => [0; 8],
            text => span_id("parentId", text)?,
        };
        let annotations = self.annotations.into_iter().flatten();
        let binary = self.binary.into_iter();
        Ok(ZipkinSpan {
            trace_id: trace_id(&self.trace_id.0)?,
            id: span_id("id", &self.id.0)?,
            parent,
            name: self.name.0,
            timestamp: Some(self.timestamp).filter(|timestamp| *timestamp != 0),
            duration: self.duration,
            annotations: annotations
                .map(|annotation| Annotation {
                    timestamp: annotation.timestamp,
                    value: annotation.value.0,
                    endpoint: annotation.endpoint.read(),
                })
                .collect(),
            binary: binary
                .map(|binary| Binary {
                    component: match &*binary.key.0 {
                        LOCAL_COMPONENT => binary.value.0.clone(),
                        _ => Cow::Borrowed(""),
                    },
                    value: Value::of(binary.value.0, parse_tags),
                    service: binary.endpoint.service_name.0,
                    name: binary.key.0,
                })
                .collect(),
            now_without_time: true,
        })
    }
}

impl<'a> Host<'a> {
    fn read(self) -> Endpoint<'a> {
        Endpoint {
            service: self.service_name.0,
            ipv4: self.ipv4.0,
            ipv6: self.ipv6.0,
            port: self.port,
        }
    }
}

fn trace_id(text: &str) -> Result<[u8; 16], ZipkinError> {
    let failed = |what: &str| ZipkinError::span(format!("zipkinV1 span traceId: {what}"));
    let id = match text.len() {
        16 => hex::<8>(text).map(|low| u128::from(u64::from_be_bytes(low)).to_be_bytes()),
        32 => hex(text),
        _ => {
            return Err(failed(
                "hex traceId span has wrong length (expected 16 or 32)",
            ));
        }
    };
    match id {
        None => Err(failed("it is not hexadecimal")),
        Some(id) if id == [0; 16] => Err(failed("traceId is zero")),
        Some(id) => Ok(id),
    }
}

fn span_id(name: &str, text: &str) -> Result<[u8; 8], ZipkinError> {
    let failed = |what: &str| ZipkinError::span(format!("zipkinV1 span {name}: {what}"));
    if text.len() != 16 {
        return Err(failed("hex Id has wrong length (expected 16)"));
    }
    match hex(text) {
        None => Err(failed("it is not hexadecimal")),
        Some(id) if id == [0; 8] => Err(failed("ID is zero")),
        Some(id) => Ok(id),
    }
}
