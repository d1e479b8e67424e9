//! Responses in the encoding of the request.

use bytes::Bytes;
use headwater_core::pdata::json::RpcStatus;
use headwater_transport::{Status, http};
use http_types::StatusCode;
use http_types::header::RETRY_AFTER;

use super::media::Encoding;
use crate::grpc::SUCCESS;

/// A plain text answer.
pub(crate) fn text(status: StatusCode, text: &'static str) -> http::Response {
    http::Response::new(status, "text/plain", text)
}

/// A full success: a `partialSuccess` that is there and empty, as upstream.
pub(crate) fn success(encoding: Encoding) -> http::Response {
    let body = match encoding {
        Encoding::Protobuf => Bytes::from_static(SUCCESS),
        Encoding::Json => Bytes::from_static(b"{\"partialSuccess\":{}}"),
    };
    http::Response::new(StatusCode::OK, encoding.media_type(), body)
}

/// What the pipeline, or the request itself, got wrong.
pub(crate) fn error(encoding: Encoding, status: &Status) -> http::Response {
    let response = http::Response::new(
        http::status::from_code(status.code()),
        encoding.media_type(),
        body(encoding, status),
    );
    match http::status::retry_after(status) {
        Some(value) => response.with_header(RETRY_AFTER, value),
        None => response,
    }
}

/// What the server refused before the handler was called: authentication, size, encoding.
pub(crate) fn rejection(encoding: Option<Encoding>, why: &http::Rejection) -> http::Response {
    let Some(encoding) = encoding else {
        let body =
            Bytes::from_static(br#"{"code": 13, "message": "failed to marshal error message"}"#);
        let json = Encoding::Json.media_type();
        return http::Response::new(StatusCode::INTERNAL_SERVER_ERROR, json, body);
    };
    let status = why.status();
    let body = body(encoding, &status);
    let response = http::Response::new(why.http_status(), encoding.media_type(), body);
    match http::status::retry_after(&status) {
        Some(value) => response.with_header(RETRY_AFTER, value),
        None => response,
    }
}

fn body(encoding: Encoding, status: &Status) -> Bytes {
    let mut rpc = RpcStatus::new(status.code(), status.message());
    if let Some(delay) = status.retry_delay() {
        rpc = rpc.with_retry_delay(delay);
    }
    match encoding {
        Encoding::Protobuf => rpc.to_proto().into(),
        Encoding::Json => rpc.to_json().into(),
    }
}
