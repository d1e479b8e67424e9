//! What an answer means. Source: Go `otlphttpexporter`; OTLP specification, "OTLP/HTTP Response".

use std::fmt::Write as _;
use std::time::SystemTime;

use headwater_core::config::format_duration;
use headwater_core::pdata::json::{PartialSuccess, RpcStatus};
use headwater_core::{ConsumeError, ErrorKind, Signal};
use headwater_exporting::Sent;
use headwater_transport::http::status::{is_retryable, parse_retry_after, to_code};
use headwater_transport::http::{Answer, Url};
use http::StatusCode;
use http::header::{CONTENT_TYPE, RETRY_AFTER};

use crate::config::Encoding;

/// How much of an answer in plain text gets into an error, in characters.
const QUOTED: usize = 200;

/// Reads the answer that `url` gave at `now` to a request of `signal`.
pub(crate) fn read(
    signal: Signal,
    url: &Url,
    answer: &Answer,
    now: SystemTime,
) -> Result<Sent, ConsumeError> {
    if answer.status.is_success() {
        return success(signal, answer);
    }
    Err(failure(url, answer, now))
}

fn content_type(answer: &Answer) -> &str {
    let value = answer.headers.get(CONTENT_TYPE);
    value.and_then(|value| value.to_str().ok()).unwrap_or("")
}

fn success(signal: Signal, answer: &Answer) -> Result<Sent, ConsumeError> {
    if answer.body.is_empty() {
        return Ok(Sent::complete());
    }
    // Exactly these, as upstream; anything else is the backend's own affair.
    let content_type = content_type(answer);
    let parsed = if content_type == Encoding::Proto.content_type() {
        PartialSuccess::from_proto(&answer.body)
            .map_err(|error| unreadable("protobuf").with_source(error))
    } else if content_type == Encoding::Json.content_type() {
        PartialSuccess::from_json(signal, &answer.body)
            .map_err(|error| unreadable("json").with_source(error))
    } else {
        return Ok(Sent::complete());
    };
    parsed.map(|partial| Sent {
        partial: Some(partial),
        ..Sent::complete()
    })
}

/// The backend said that it took the request: sending it again could double it.
fn unreadable(format: &str) -> ConsumeError {
    ConsumeError::permanent(format!("error parsing {format} response"))
}

fn failure(url: &Url, answer: &Answer, now: SystemTime) -> ConsumeError {
    let status = answer.status;
    let mut text = format!(
        "error exporting items, request to {url} responded with HTTP Status Code {}",
        status.as_u16()
    );
    if status.is_client_error() || status.is_server_error() {
        describe(answer, &mut text);
    }
    let kind = if is_retryable(status) {
        let asked = answer
            .headers
            .get(RETRY_AFTER)
            .filter(|_| throttles(status));
        let after = asked.and_then(|value| parse_retry_after(value, now));
        ErrorKind::Retryable { after }
    } else {
        ErrorKind::Permanent
    };
    ConsumeError::new(kind, text).with_code(to_code(status))
}

/// Whether a `Retry-After` means something with `status`.
fn throttles(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::SERVICE_UNAVAILABLE
}

/// Appends what the body says: a Status in either encoding, or plain text.
fn describe(answer: &Answer, text: &mut String) {
    let content_type = content_type(answer);
    let media = content_type.split(';').next().unwrap_or("").trim();
    let status = match media {
        "application/json" => RpcStatus::from_json(&answer.body).ok(),
        "text/plain" => return quote(answer, text),
        "" | "application/x-protobuf" | "application/octet-stream" => {
            RpcStatus::from_proto(&answer.body).ok()
        }
        _ => None,
    };
    // An empty body is an empty Status in protobuf, and says nothing.
    let Some(status) = status.filter(|_| !answer.body.is_empty()) else {
        return;
    };
    let delay = status
        .retry_delay
        .map(|delay| format!("retry_delay:{}", format_duration(delay)));
    let details = delay.unwrap_or_default();
    let message = printable(&status.message);
    push(
        text,
        format_args!(", Message={message}, Details=[{details}]"),
    );
}

/// What proxies and other servers answer.
fn quote(answer: &Answer, text: &mut String) {
    let body = String::from_utf8_lossy(&answer.body);
    let body: String = printable(body.trim()).chars().take(QUOTED).collect();
    if !body.is_empty() {
        push(text, format_args!(", Message={body}, Details=[]"));
    }
}

fn push(text: &mut String, more: std::fmt::Arguments<'_>) {
    // A string takes everything.
    text.write_fmt(more).ok();
}

/// One line, whatever the far side sent.
fn printable(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}
