//! Writing answers.

use bytes::Bytes;
use h2::server::SendResponse;
use headwater_core::rpc::Code;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::call::Outcome;
use crate::Status;
use crate::grpc::body::{PREFIX, prefix};
use crate::grpc::{details, headers};

/// The framed empty message, the usual answer to an export.
static EMPTY: [u8; PREFIX] = [0; PREFIX];

/// Sends the answer. The client may be gone; then nobody is left to tell.
pub(super) fn send(mut respond: SendResponse<Bytes>, outcome: Outcome) {
    let sent = match outcome {
        Outcome::Message(message) => send_message(&mut respond, &message),
        Outcome::Status(status) => send_status(&mut respond, StatusCode::OK, &status),
        Outcome::Http(code, status) => send_status(&mut respond, code, &status),
        Outcome::Gone => return,
    };
    if let Err(error) = sent {
        tracing::debug!(%error, "answer not sent");
    }
}

fn send_message(respond: &mut SendResponse<Bytes>, message: &Bytes) -> Result<(), h2::Error> {
    let framed = if message.is_empty() {
        Bytes::from_static(&EMPTY)
    } else {
        let Some(prefix) = prefix(false, message.len()) else {
            let status = Status::new(Code::ResourceExhausted, "the answer is larger than 4 GiB");
            return send_status(respond, StatusCode::OK, &status);
        };
        [&prefix[..], message].concat().into()
    };
    let mut response = Response::new(());
    response
        .headers_mut()
        .insert(CONTENT_TYPE, headers::CONTENT_TYPE);
    let mut trailers = HeaderMap::with_capacity(1);
    trailers.insert(headers::GRPC_STATUS, HeaderValue::from_static("0"));
    let mut stream = respond.send_response(response, false)?;
    stream.send_data(framed, false)?;
    stream.send_trailers(trailers)
}

fn send_status(
    respond: &mut SendResponse<Bytes>,
    code: StatusCode,
    status: &Status,
) -> Result<(), h2::Error> {
    let mut response = Response::new(());
    *response.status_mut() = code;
    let map = response.headers_mut();
    map.insert(CONTENT_TYPE, headers::CONTENT_TYPE);
    map.insert(
        headers::GRPC_STATUS,
        HeaderValue::from(u16::from(status.code().number())),
    );
    if !status.message().is_empty() {
        map.insert(
            headers::GRPC_MESSAGE,
            headers::encode_message(status.message()),
        );
    }
    if let Some(details) = details::encode(status) {
        map.insert(headers::GRPC_DETAILS, details);
    }
    if status.code() == Code::Unimplemented {
        // A client whose encoding is unknown here learns which ones are not.
        map.insert(headers::GRPC_ACCEPT_ENCODING, headers::ACCEPTED);
    }
    respond.send_response(response, true).map(drop)
}
