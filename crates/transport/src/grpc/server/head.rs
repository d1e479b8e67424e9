//! The headers of a request, as far as they matter.

use std::time::Duration;

use headwater_core::rpc::Code;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::Outcome;
use crate::Status;
use crate::compression::Encoding;
use crate::grpc::{MAX_HEADERS, headers};
use crate::http2::{Fault, Traffic};

/// The headers of a request.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// By index, if it is one of the server's.
    pub(super) method: Option<usize>,
    path: Option<String>,
    post: Option<bool>,
    verb: String,
    grpc: bool,
    content_type: String,
    timeout: Option<Option<Duration>>,
    encoding: Option<Encoding>,
    unknown_encoding: String,
    /// Whether the list is longer than we take; what follows is not known.
    pub(super) too_long: bool,
    /// Whether the rules for requests are broken; see [`Head::is_request`].
    malformed: bool,
    scheme: bool,
    /// A header that is no pseudo-header has come.
    regular: bool,
    /// The length of the body, if it was announced.
    pub(super) length: Option<u64>,
    /// Every header that is no pseudo-header, if they were asked for.
    pub(super) all: HeaderMap,
}

impl Head {
    /// Decodes a header block; `all` keeps every header.
    pub(super) fn decode(
        traffic: &mut Traffic,
        block: &[u8],
        methods: &[&'static str],
        all: bool,
    ) -> Result<Self, Fault> {
        let mut head = Self {
            encoding: Some(Encoding::Identity),
            ..Self::default()
        };
        let complete = traffic.decode(block, |name, value| {
            head.field(name, value, methods);
            if all {
                head.keep(name, value);
            }
        })?;
        head.too_long = !complete;
        Ok(head)
    }

    fn field(&mut self, name: &[u8], value: &[u8], methods: &[&'static str]) {
        if name.starts_with(b":") {
            self.malformed |= self.regular;
        } else {
            self.regular = true;
        }
        match name {
            b":path" => {
                self.malformed |= value.is_empty() || self.path.is_some();
                self.method = methods.iter().position(|method| method.as_bytes() == value);
                // An unknown one is named in the answer.
                let unknown = self.method.is_none();
                self.path = Some(if unknown { text(value) } else { String::new() });
            }
            b":scheme" => self.malformed |= std::mem::replace(&mut self.scheme, true),
            b":authority" => {}
            b":method" => {
                self.malformed |= self.post.is_some();
                self.post = Some(value == b"POST");
                if value != b"POST" {
                    self.verb = text(value);
                }
            }
            b"content-type" => {
                self.grpc = headers::is_grpc(value);
                if !self.grpc {
                    self.content_type = text(value);
                }
            }
            b"grpc-timeout" => self.timeout = Some(headers::parse_timeout(value)),
            b"grpc-encoding" => {
                self.encoding = Encoding::from_grpc(value);
                if self.encoding.is_none() {
                    self.unknown_encoding = text(value);
                }
            }
            b"content-length" => {
                let digits = std::str::from_utf8(value)
                    .ok()
                    .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
                let number = digits.and_then(|text| text.parse().ok());
                self.malformed |= number.is_none() || self.length.is_some();
                self.length = number;
            }
            b"te" => self.malformed |= value != b"trailers",
            b"connection" | b"proxy-connection" | b"keep-alive" | b"transfer-encoding"
            | b"upgrade" => self.malformed = true,
            _ => self.malformed |= !is_name(name),
        }
        self.malformed |= memchr::memchr3(0, b'\n', b'\r', value).is_some();
    }

    fn keep(&mut self, name: &[u8], value: &[u8]) {
        if name.starts_with(b":") {
            return;
        }
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name), HeaderValue::from_bytes(value))
        {
            // Fails beyond 32,768 headers, which the limit on their size rules out.
            drop(self.all.try_append(name, value));
        }
    }

    /// Whether this is a request at all. Source: RFC 9113, section 8.3.1.
    pub(super) const fn is_request(&self) -> bool {
        self.path.is_some() && self.post.is_some() && self.scheme && !self.malformed
    }

    /// The method's index, the client's patience and how the message is encoded.
    pub(super) fn check(&self) -> Result<(usize, Option<Duration>, Encoding), Outcome> {
        if self.too_long {
            let text = format!("the request's headers are larger than {MAX_HEADERS} bytes");
            return Err(Status::new(Code::ResourceExhausted, text).into());
        }
        if self.post != Some(true) {
            let text = format!("gRPC requests are POST, not {}", self.verb);
            let status = Status::new(Code::Internal, text);
            return Err(Outcome::Http(StatusCode::METHOD_NOT_ALLOWED, status));
        }
        if !self.grpc {
            let text = format!("invalid gRPC request content-type {:?}", self.content_type);
            let status = Status::new(Code::InvalidArgument, text);
            return Err(Outcome::Http(StatusCode::UNSUPPORTED_MEDIA_TYPE, status));
        }
        let method = self.method.ok_or_else(|| {
            // As grpc-go words it: people search for it.
            let path = self.path.as_deref().unwrap_or_default();
            let service = path
                .trim_start_matches('/')
                .split('/')
                .next()
                .unwrap_or_default();
            Status::new(Code::Unimplemented, format!("unknown service {service}"))
        })?;
        let timeout = match self.timeout {
            Some(None) => return Err(Status::new(Code::Internal, "malformed grpc-timeout").into()),
            timeout => timeout.flatten(),
        };
        let encoding = self.encoding.ok_or_else(|| {
            let name = &self.unknown_encoding;
            let text = format!("grpc: Decompressor is not installed for grpc-encoding {name:?}");
            Status::new(Code::Unimplemented, text)
        })?;
        Ok((method, timeout, encoding))
    }
}

/// Whether this may be the name of a header. Source: RFC 9113, section 8.2.1.
fn is_name(name: &[u8]) -> bool {
    let allowed = |byte: &u8| matches!(byte, 0x21..=0x7e) && !matches!(byte, b'A'..=b'Z' | b':');
    !name.is_empty() && name.iter().all(allowed)
}

fn text(value: &[u8]) -> String {
    /// Enough to recognise it by in an answer.
    const LONGEST: usize = 200;
    String::from_utf8_lossy(&value[..value.len().min(LONGEST)]).into_owned()
}
