//! Zipkin v1. Source: Go `pkg/translator/zipkin/zipkinv1`.

mod json;
mod status;
mod thrift;
mod translate;

pub(crate) use json::from_json;
pub(crate) use thrift::from_thrift;

use std::borrow::Cow;

use crate::attributes::Value;

/// A span of Zipkin v1.
#[derive(Debug, Default)]
pub(crate) struct ZipkinSpan<'a> {
    trace_id: [u8; 16],
    id: [u8; 8],
    parent: [u8; 8],
    name: Cow<'a, str>,
    /// Microseconds; `None` if the span has none.
    timestamp: Option<i64>,
    /// Microseconds.
    duration: i64,
    annotations: Vec<Annotation<'a>>,
    binary: Vec<Binary<'a>>,
    /// Whether a span without any time is one of now.
    now_without_time: bool,
}

/// The annotation that names a component.
const LOCAL_COMPONENT: &str = "lc";

#[derive(Debug)]
struct Binary<'a> {
    name: Cow<'a, str>,
    value: Value<'a>,
    /// The service of its endpoint.
    service: Cow<'a, str>,
    /// The value as it came, of [`LOCAL_COMPONENT`].
    component: Cow<'a, str>,
}

#[derive(Debug)]
struct Annotation<'a> {
    /// Microseconds.
    timestamp: i64,
    value: Cow<'a, str>,
    endpoint: Endpoint<'a>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Endpoint<'a> {
    service: Cow<'a, str>,
    ipv4: Cow<'a, str>,
    ipv6: Cow<'a, str>,
    port: i32,
}
