//! What a server answered, as far as it matters.

use bytes::Bytes;
use headwater_core::rpc::Code;

use super::CallError;
use crate::Status;
use crate::compression::{Encoding, decompress};
use crate::grpc::body::PREFIX;
use crate::grpc::{details, headers};
use crate::http2::Reason;

/// Longer answers are not worth comparing with the last one.
const COMPARED: usize = 64;

/// Headers and trailers of an answer.
#[derive(Debug, Default)]
pub(super) struct Answer {
    http: u16,
    head: bool,
    grpc: bool,
    content_type: String,
    /// Empty for none.
    encoding: String,
    status: Option<Code>,
    message: String,
    details: Vec<u8>,
}

impl Answer {
    /// Makes room for the next answer.
    pub(super) fn clear(&mut self) {
        (self.http, self.head, self.grpc, self.status) = (0, false, false, None);
        self.content_type.clear();
        self.encoding.clear();
        self.message.clear();
        self.details.clear();
    }

    /// Whether the headers are complete: what comes now are trailers.
    pub(super) const fn has_head(&self) -> bool {
        self.head
    }

    /// The headers are complete, unless they were only the announcement of others; says so.
    pub(super) fn head_ends(&mut self) -> bool {
        self.head = !(100..200).contains(&self.http);
        if !self.head {
            self.clear();
        }
        self.head
    }

    pub(super) fn field(&mut self, name: &[u8], value: &[u8]) {
        match name {
            // In trailers it is of no meaning.
            b":status" if !self.head => {
                let number = std::str::from_utf8(value)
                    .ok()
                    .and_then(|text| text.parse().ok());
                self.http = number.unwrap_or(0);
            }
            b"content-type" => {
                self.grpc = headers::is_grpc(value);
                if !self.grpc {
                    self.content_type = String::from_utf8_lossy(value).into_owned();
                }
            }
            b"grpc-status" => {
                let number = std::str::from_utf8(value)
                    .ok()
                    .and_then(|text| text.parse().ok());
                self.status = Some(number.map_or(Code::Unknown, Code::from_number));
            }
            b"grpc-message" => self.message = headers::decode_message(value),
            b"grpc-status-details-bin" => self.details = value.to_vec(),
            b"grpc-encoding" if value != b"identity" => {
                self.encoding = String::from_utf8_lossy(value).into_owned();
            }
            _ => {}
        }
    }

    /// The result of the request. `last` is an earlier answer, which is shared if it is the same.
    pub(super) fn finish(
        &self,
        body: &mut Vec<u8>,
        max: usize,
        last: &mut Bytes,
    ) -> Result<Bytes, Status> {
        match self.status {
            Some(Code::Ok) if !self.head => {
                let text = "the server answered OK without a message";
                Err(Status::new(Code::Internal, text))
            }
            Some(Code::Ok) => {
                self.check_head()?;
                self.message(body, max, last)
            }
            Some(code) => {
                let status = Status::new(code, self.message.clone());
                Err(match details::retry_delay(&self.details) {
                    Some(delay) => status.with_retry_delay(delay),
                    None => status,
                })
            }
            None => {
                self.check_head()?;
                let text = "the server ended its answer without grpc-status";
                Err(Status::new(Code::Internal, text))
            }
        }
    }

    /// Refuses answers of servers that do not speak gRPC: proxies, mostly.
    fn check_head(&self) -> Result<(), Status> {
        if self.http != 200 {
            let text = format!(
                "the server answered HTTP {} without grpc-status: it, or a proxy before it, does not speak gRPC here",
                self.http
            );
            return Err(Status::new(code_of_http(self.http), text));
        }
        if self.grpc {
            return Ok(());
        }
        let text = format!(
            "the server answered with content-type {:?}, which is not gRPC",
            self.content_type
        );
        Err(Status::new(Code::Unknown, text))
    }

    fn message(&self, body: &mut Vec<u8>, max: usize, last: &mut Bytes) -> Result<Bytes, Status> {
        let broken = |text: &'static str| Status::new(Code::Internal, text);
        let Some((prefix, message)) = body.split_first_chunk::<PREFIX>() else {
            return Err(broken("the server answered without a message"));
        };
        let [flag, length @ ..] = *prefix;
        if u32::from_be_bytes(length) as usize != message.len() {
            return Err(broken("the server's answer is not one gRPC message"));
        }
        match flag {
            0 if message.len() > COMPARED => Ok(Bytes::from(std::mem::take(body)).slice(PREFIX..)),
            0 => {
                if **last != *message {
                    *last = Bytes::copy_from_slice(message);
                }
                Ok(last.clone())
            }
            1 => {
                let encoding = Encoding::from_grpc(self.encoding.as_bytes())
                    .filter(|encoding| *encoding != Encoding::Identity)
                    .ok_or_else(|| broken("the server's answer is compressed in an unknown way"))?;
                let message = Bytes::from(std::mem::take(body)).slice(PREFIX..);
                decompress(encoding, &message, max)
                    .map_err(|error| Status::new(Code::Internal, error.to_string()))
            }
            _ => Err(broken("the server's answer has an unknown format")),
        }
    }
}

/// Source: gRPC, "HTTP to gRPC Status Code Mapping".
const fn code_of_http(status: u16) -> Code {
    match status {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502 | 503 | 504 => Code::Unavailable,
        _ => Code::Unknown,
    }
}

/// What the end of a request means to its sender.
///
/// Source: gRPC, "Errors", mapping of HTTP/2 error codes.
pub(super) fn status_of(error: CallError, address: &str) -> Status {
    let (code, text) = match error {
        CallError::Status(status) => return status,
        CallError::NotProcessed(text) | CallError::Failed(text) => (Code::Unavailable, text),
        CallError::Reset(reason, text) => {
            let code = match reason {
                Reason::CANCEL => Code::Cancelled,
                Reason::ENHANCE_YOUR_CALM => Code::ResourceExhausted,
                Reason::INADEQUATE_SECURITY => Code::PermissionDenied,
                _ => Code::Internal,
            };
            (code, text)
        }
    };
    Status::new(code, format!("{address}: {text}"))
}
