//! Zipkin v2. Source: Go `pkg/translator/zipkin/zipkinv2`, ToTranslator; `zipkin-go/model`.

mod json;
mod names;
mod protobuf;
mod translate;

pub(crate) use json::from_json;
pub(crate) use protobuf::from_protobuf;

use std::borrow::Cow;
use std::net::IpAddr;

use crate::named::Named;

/// A span of Zipkin v2.
#[derive(Debug, Default)]
pub(crate) struct ZipkinSpan<'a> {
    trace_id: [u8; 16],
    id: [u8; 8],
    parent: Option<[u8; 8]>,
    name: Cow<'a, str>,
    kind: Kind,
    /// Microseconds; `None` if the span has none.
    timestamp: Option<u64>,
    /// Microseconds.
    duration: u64,
    local: Endpoint<'a>,
    remote: Endpoint<'a>,
    annotations: Vec<(u64, Cow<'a, str>)>,
    tags: Named<'a, Cow<'a, str>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    None,
    Client,
    Server,
    Producer,
    Consumer,
}

#[derive(Debug, Default)]
struct Endpoint<'a> {
    service: Cow<'a, str>,
    ipv4: Option<String>,
    ipv6: Option<String>,
    port: u16,
}

/// An address as Go prints it: one of IPv4 in IPv6 is one of IPv4.
fn print(address: IpAddr) -> String {
    address.to_canonical().to_string()
}
