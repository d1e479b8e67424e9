//! One request on a connection, and reading what comes back.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use h2::client::SendRequest;
use h2::{Reason, RecvStream};
use headwater_core::rpc::Code;
use http::{HeaderMap, Request, StatusCode, header};

use super::CallError;
use crate::Status;
use crate::compression::{Encoding, decompress};
use crate::grpc::body::{Frames, PREFIX};
use crate::grpc::{details, headers};

/// Sends a request and reads its answer.
pub(super) async fn exchange(
    sender: SendRequest<Frames>,
    request: Request<()>,
    frames: Frames,
    max: usize,
) -> Result<Bytes, CallError> {
    let mut sender = sender.ready().await.map_err(CallError::NotProcessed)?;
    let (response, mut stream) = sender
        .send_request(request, false)
        .map_err(CallError::NotProcessed)?;
    // The codec cuts it into frames as the windows allow; nothing is copied.
    stream.send_data(frames, true).map_err(classify)?;
    let response = response.await.map_err(classify)?;
    let (head, mut body) = response.into_parts();
    if let Some(status) = grpc_status(&head.headers) {
        return Err(CallError::Status(match status {
            Ok(()) => Status::new(Code::Internal, "the server answered OK without a message"),
            Err(status) => status,
        }));
    }
    check_head(&head).map_err(CallError::Status)?;
    let framed = read_body(&mut body, max).await?;
    let trailers = std::future::poll_fn(|cx| body.poll_trailers(cx))
        .await
        .map_err(classify)?;
    match trailers.as_ref().and_then(grpc_status) {
        Some(Ok(())) => unframe(&head.headers, framed, max).map_err(CallError::Status),
        Some(Err(status)) => Err(CallError::Status(status)),
        None => {
            let text = "the server ended its answer without grpc-status";
            Err(CallError::Status(Status::new(Code::Internal, text)))
        }
    }
}

/// Whether the server has surely not looked at the request.
fn classify(error: h2::Error) -> CallError {
    let refused = error.reason() == Some(Reason::REFUSED_STREAM);
    let turned_away =
        error.is_go_away() && error.is_remote() && error.reason() == Some(Reason::NO_ERROR);
    if refused || turned_away {
        CallError::NotProcessed(error)
    } else {
        CallError::Failed(error)
    }
}

/// The status in headers or trailers; `None` if there is none.
fn grpc_status(map: &HeaderMap) -> Option<Result<(), Status>> {
    let number = map.get(headers::GRPC_STATUS)?;
    let code = number.to_str().ok().and_then(|text| text.parse().ok());
    let code = code.map_or(Code::Unknown, Code::from_number);
    if code == Code::Ok {
        return Some(Ok(()));
    }
    let message = map
        .get(headers::GRPC_MESSAGE)
        .map(|value| headers::decode_message(value.as_bytes()));
    let status = Status::new(code, message.unwrap_or_default());
    let delay = map
        .get(headers::GRPC_DETAILS)
        .and_then(|value| details::retry_delay(value.as_bytes()));
    Some(Err(match delay {
        Some(delay) => status.with_retry_delay(delay),
        None => status,
    }))
}

/// Refuses answers of servers that do not speak gRPC: proxies, mostly.
fn check_head(head: &http::response::Parts) -> Result<(), Status> {
    if head.status != StatusCode::OK {
        let text = format!(
            "the server answered HTTP {} without grpc-status: it, or a proxy before it, does not speak gRPC here",
            head.status
        );
        return Err(Status::new(code_of_http(head.status), text));
    }
    let content_type = head.headers.get(header::CONTENT_TYPE);
    if content_type.is_some_and(|value| headers::is_grpc(value.as_bytes())) {
        return Ok(());
    }
    let text = format!(
        "the server answered with content-type {:?}, which is not gRPC",
        content_type.map_or("", |value| value.to_str().unwrap_or("(not text)"))
    );
    Err(Status::new(Code::Unknown, text))
}

/// Source: gRPC, "HTTP to gRPC Status Code Mapping".
fn code_of_http(status: StatusCode) -> Code {
    match status.as_u16() {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502 | 503 | 504 => Code::Unavailable,
        _ => Code::Unknown,
    }
}

/// Reads at most one message of `max` bytes with its prefix.
async fn read_body(body: &mut RecvStream, max: usize) -> Result<Bytes, CallError> {
    let mut framed = Bytes::new();
    while let Some(chunk) = std::future::poll_fn(|cx| body.poll_data(cx)).await {
        let chunk = chunk.map_err(classify)?;
        // Fails only for more than was received.
        drop(body.flow_control().release_capacity(chunk.len()));
        if framed.len() + chunk.len() > max.saturating_add(PREFIX) {
            let text = format!("the answer is larger than the limit of {max} bytes");
            return Err(CallError::Status(Status::new(
                Code::ResourceExhausted,
                text,
            )));
        }
        framed = if framed.is_empty() {
            chunk
        } else {
            let mut joined = BytesMut::with_capacity(framed.len() + chunk.len());
            joined.put(framed);
            joined.put(chunk);
            joined.freeze()
        };
    }
    Ok(framed)
}

fn unframe(map: &HeaderMap, mut framed: Bytes, max: usize) -> Result<Bytes, Status> {
    let broken = |text| Status::new(Code::Internal, text);
    let Some(prefix) = framed.first_chunk::<PREFIX>().copied() else {
        return Err(broken("the server answered without a message"));
    };
    framed.advance(PREFIX);
    let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]) as usize;
    if length != framed.len() {
        return Err(broken("the server's answer is not one gRPC message"));
    }
    match prefix[0] {
        0 => Ok(framed),
        1 => {
            let name = map
                .get(headers::GRPC_ENCODING)
                .map_or(&b""[..], |value| value.as_bytes());
            let encoding = Encoding::from_grpc(name)
                .filter(|encoding| *encoding != Encoding::Identity)
                .ok_or_else(|| broken("the server's answer is compressed in an unknown way"))?;
            decompress(encoding, &framed, max)
                .map_err(|error| Status::new(Code::Internal, error.to_string()))
        }
        _ => Err(broken("the server's answer has an unknown format")),
    }
}

/// What a broken connection means to the caller.
///
/// Source: gRPC, "Errors", mapping of HTTP/2 error codes.
pub(super) fn status_of(error: &h2::Error, address: &str) -> Status {
    let code = match error.reason() {
        // Resets of a stream say what the server thinks of the request; everything else is the
        // connection's end.
        Some(reason) if error.is_reset() => match reason {
            Reason::CANCEL => Code::Cancelled,
            Reason::ENHANCE_YOUR_CALM => Code::ResourceExhausted,
            Reason::INADEQUATE_SECURITY => Code::PermissionDenied,
            Reason::REFUSED_STREAM => Code::Unavailable,
            _ => Code::Internal,
        },
        _ => Code::Unavailable,
    };
    Status::new(code, format!("connection to {address} broke: {error}"))
}
