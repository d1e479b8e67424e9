//! Zipkin v2 as JSON.

use std::borrow::Cow;
use std::net::IpAddr;

use super::translate::Translator;
use super::{Endpoint, Kind, ZipkinSpan, print};
use crate::error::ZipkinError;
use crate::groups::Translated;
use crate::json::{Text, Texts, each, object};
use crate::span::hex;

object! {
    /// A span.
    Span {
        trace_id: Option<Text<'a>> = "traceId",
        id: Text<'a> = "id",
        parent_id: Option<Text<'a>> = "parentId",
        name: Text<'a> = "name",
        kind: Text<'a> = "kind",
        timestamp: u64 = "timestamp",
        duration: u64 = "duration",
        shared: bool = "shared",
        debug: bool = "debug",
        local: Address<'a> = "localEndpoint",
        remote: Address<'a> = "remoteEndpoint",
        annotations: Vec<Annotation<'a>> = "annotations",
        tags: Texts<'a> = "tags",
    }
}

object! {
    /// An endpoint.
    Address {
        service_name: Text<'a> = "serviceName",
        ipv4: Text<'a> = "ipv4",
        ipv6: Text<'a> = "ipv6",
        port: u16 = "port",
    }
}

object! {
    /// An annotation.
    Annotation {
        timestamp: u64 = "timestamp",
        value: Text<'a> = "value",
    }
}

pub(crate) fn from_json(body: &[u8], parse_tags: bool) -> Result<Translated, ZipkinError> {
    let mut translator = Translator::new(parse_tags);
    each("v2", body, |span: Option<Span<'_>>| match span {
        Some(span) => translator.add(span.read()?),
        None => Ok(()),
    })?;
    Ok(translator.finish())
}

impl<'a> Span<'a> {
    fn read(self) -> Result<ZipkinSpan<'a>, ZipkinError> {
        let trace_id = match &self.trace_id {
            None => [0; 16],
            Some(Text(text)) => number(text)
                .ok_or_else(|| invalid("traceId", text))?
                .to_be_bytes(),
        };
        let id = |name: &str, text: &str| -> Result<[u8; 8], ZipkinError> {
            match text {
                "" => Ok([0; 8]),
                text => {
                    let number = number(text).and_then(|number| u64::try_from(number).ok());
                    Ok(number.ok_or_else(|| invalid(name, text))?.to_be_bytes())
                }
            }
        };
        let own = id("id", &self.id.0)?;
        if own == [0; 8] {
            return Err(ZipkinError::span("valid span id required"));
        }
        let parent = self.parent_id.map(|Text(text)| id("parentId", &text));
        let mut annotations = Vec::with_capacity(self.annotations.len());
        for annotation in self.annotations {
            if annotation.timestamp < 1 {
                return Err(ZipkinError::span("valid annotation timestamp required"));
            }
            annotations.push((annotation.timestamp, annotation.value.0));
        }
        Ok(ZipkinSpan {
            trace_id,
            id: own,
            parent: parent.transpose()?,
            name: self.name.0,
            kind: match &*self.kind.0 {
                "CLIENT" => Kind::Client,
                "SERVER" => Kind::Server,
                "PRODUCER" => Kind::Producer,
                "CONSUMER" => Kind::Consumer,
                _ => Kind::None,
            },
            timestamp: Some(self.timestamp).filter(|timestamp| *timestamp > 0),
            duration: self.duration,
            local: self.local.read()?,
            remote: self.remote.read()?,
            annotations,
            tags: self.tags.0,
        })
    }
}

impl<'a> Address<'a> {
    fn read(self) -> Result<Endpoint<'a>, ZipkinError> {
        let address = |text: Cow<'_, str>| match &*text {
            "" => Ok(None),
            text => match text.parse::<IpAddr>() {
                Ok(address) => Ok(Some(print(address))),
                Err(_) => Err(ZipkinError::span(format!("invalid IP address: {text:?}"))),
            },
        };
        Ok(Endpoint {
            service: self.service_name.0,
            ipv4: address(self.ipv4.0)?,
            ipv6: address(self.ipv6.0)?,
            port: self.port,
        })
    }
}

/// A number in hexadecimal; as in Go, zeros may stand before it.
fn number(text: &str) -> Option<u128> {
    // Full ids are what there usually is.
    if let Some(id) = hex::<16>(text) {
        return Some(u128::from_be_bytes(id));
    }
    // A sign is no digit.
    let digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    digits
        .then(|| u128::from_str_radix(text, 16).ok())
        .flatten()
}

fn invalid(name: &str, text: &str) -> ZipkinError {
    ZipkinError::span(format!("{name} {text:?} is no id in hexadecimal"))
}
