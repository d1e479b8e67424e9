//! Answers as HTTP responses.

use std::convert::Infallible;
use std::time::Duration;

use ::http::{HeaderMap, HeaderValue, Response};
use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use prost::Message as _;

use crate::grpc::{RpcStatus, frame};

pub(super) type Body = UnsyncBoxBody<Bytes, Infallible>;

/// What to say.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    Success,
    Error {
        http: u16,
        grpc: u8,
        after: Option<Duration>,
    },
    Garbage,
}

pub(super) fn respond(grpc: bool, reply: Reply) -> Response<Body> {
    match (grpc, reply) {
        (true, Reply::Success) => over_grpc(Some(frame(false, &[])), status(0, None)),
        (true, Reply::Error { grpc, after, .. }) => over_grpc(None, status(grpc, after)),
        (true, Reply::Garbage) => over_grpc(Some(frame(false, b"\xff\xff")), status(0, None)),
        (false, Reply::Success) => over_http(200, &[]),
        (false, Reply::Error { http, grpc, after }) => {
            let status = RpcStatus::new(grpc.into(), "not now", None);
            let mut response = over_http(http, &status.encode_to_vec());
            if let Some(after) = after {
                response
                    .headers_mut()
                    .insert("retry-after", after.as_secs().into());
            }
            response
        }
        (false, Reply::Garbage) => over_http(200, b"\xff\xff"),
    }
}

fn over_http(status: u16, body: &[u8]) -> Response<Body> {
    Response::builder()
        .status(status)
        .header("content-type", "application/x-protobuf")
        .body(Full::new(Bytes::copy_from_slice(body)).boxed_unsync())
        .unwrap()
}

fn over_grpc(message: Option<Bytes>, trailers: HeaderMap) -> Response<Body> {
    let frames = message
        .map(Frame::data)
        .into_iter()
        .chain([Frame::trailers(trailers)]);
    let body = StreamBody::new(stream::iter(
        frames.map(Ok::<_, Infallible>).collect::<Vec<_>>(),
    ));
    Response::builder()
        .header("content-type", "application/grpc")
        .body(body.boxed_unsync())
        .unwrap()
}

fn status(code: u8, after: Option<Duration>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("grpc-status", u16::from(code).into());
    if code != 0 {
        headers.insert("grpc-message", HeaderValue::from_static("not now"));
    }
    if after.is_some() {
        let details = RpcStatus::new(code.into(), "not now", after).to_header();
        headers.insert("grpc-status-details-bin", details.parse().unwrap());
    }
    headers
}
