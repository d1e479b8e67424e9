//! One request, from its headers to its answer.

use std::sync::Arc;

use bytes::Bytes;
use headwater_core::{Context, ContextParts, Identity, Metadata};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use hyper::body::Incoming;
use tokio::time::Instant;

use super::{Encodings, Peer, Shared, answer, receive};
use crate::Status;
use crate::compression::{Encoding, decompress};
use crate::http::body::Whole;
use crate::http::{Handler, Rejection, Request, Response};

pub(super) async fn answer<H: Handler>(
    server: Arc<Shared<H>>,
    peer: Peer,
    request: http::Request<Incoming>,
) -> http::Response<Whole<Bytes>> {
    let arrived = Instant::now();
    let (head, body) = request.into_parts();
    let mut body = Some(body);
    if is_grpc(&head) {
        return refuse_grpc(&server, peer, &head);
    }
    if let Some(cors) = &server.options.cors
        && let Some(response) = cors.preflight(&head)
    {
        return answer::render(&server.options, &head, response);
    }
    let response = match handle(&server, peer, &head, &mut body, arrived).await {
        Ok(received) => {
            let method = head.method.clone();
            let request = Request {
                method,
                uri: head.uri.clone(),
                headers: head.headers.clone(),
                context: received.context,
                body: received.body,
                ticket: received.ticket,
            };
            server.handler.call(request).await
        }
        Err(Stopped::Answered(response)) => response,
        Err(Stopped::Rejected(rejection)) => {
            tracing::debug!(peer = ?peer.address, reason = %rejection.message(), "request rejected");
            let response = server.handler.reject(&head, &rejection);
            answer::with_rejection(response, &rejection)
        }
    };
    if let Some(body) = body {
        receive::discard(body);
    }
    answer::render(&server.options, &head, response)
}

/// A request that does not get to the handler.
enum Stopped {
    Answered(Response),
    Rejected(Rejection),
}

impl From<Rejection> for Stopped {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

struct Ready {
    context: Context,
    body: Bytes,
    ticket: headwater_core::Ticket,
}

/// Authentication, check, admission, body, decompression. Leaves in `body` what was not read.
async fn handle<H: Handler>(
    server: &Shared<H>,
    peer: Peer,
    head: &Parts,
    body: &mut Option<Incoming>,
    arrived: Instant,
) -> Result<Ready, Stopped> {
    let identity = authenticate(server, head).await?;
    if let Some(response) = server.handler.check(head) {
        return Err(Stopped::Answered(response));
    }
    let encoding = encoding(&server.options.encodings, &head.headers)?;
    let received = receive::body(server, head, body, arrived).await?;
    let (mut ticket, limit) = (received.ticket, server.options.max_body);
    let body = match encoding {
        Encoding::Identity => received.body,
        encoding => {
            let plain = decompress(encoding, &received.body, limit).map_err(Rejection::Encoding)?;
            ticket.resize(plain.len());
            plain
        }
    };
    let context = context(server, peer, identity, head, arrived);
    Ok(Ready {
        context,
        body,
        ticket,
    })
}

async fn authenticate<H>(server: &Shared<H>, head: &Parts) -> Result<Option<Identity>, Rejection> {
    let Some(authenticator) = &server.authenticator else {
        return Ok(None);
    };
    let with_params;
    let headers = if server.options.auth_params.is_empty() {
        &head.headers
    } else {
        with_params = headers_with_params(&server.options.auth_params, head);
        &with_params
    };
    let identity = authenticator.authenticate(headers).await;
    identity
        .map(Some)
        .map_err(|error| match error.retry_after() {
            Some(_) => Rejection::Refused(Status::from(error)),
            None => Rejection::Unauthenticated(error),
        })
}

/// The headers with the listed query parameters, which win.
fn headers_with_params(names: &[String], head: &Parts) -> HeaderMap {
    let mut headers = head.headers.clone();
    let query = head.uri.query().unwrap_or_default();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Some(name), Some(value)) = (
            crate::http::url::decode(name),
            crate::http::url::decode(value),
        ) else {
            continue;
        };
        if !names.contains(&name) {
            continue;
        }
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    headers
}

fn encoding(accepted: &Encodings, headers: &HeaderMap) -> Result<Encoding, Rejection> {
    let Encodings::Of(accepted) = accepted else {
        return Ok(Encoding::Identity);
    };
    let name = headers
        .get(CONTENT_ENCODING)
        .map_or(&b""[..], |value| value.as_bytes());
    let known = accepted.iter().find(|accepted| accepted.as_bytes() == name);
    known
        .and_then(|name| Encoding::from_http(name))
        .ok_or_else(|| Rejection::UnknownEncoding(String::from_utf8_lossy(name).into_owned()))
}

fn context<H>(
    server: &Shared<H>,
    peer: Peer,
    identity: Option<Identity>,
    head: &Parts,
    arrived: Instant,
) -> Context {
    let mut metadata = Metadata::default();
    if server.options.include_metadata {
        for (name, value) in &head.headers {
            if let Ok(value) = value.to_str() {
                metadata.append(name.as_str(), value);
            }
        }
        // HTTP/2 has it in the target.
        if !head.headers.contains_key(HOST)
            && let Some(authority) = head.uri.authority()
        {
            metadata.append(HOST.as_str(), authority.as_str());
        }
    }
    Context::new(ContextParts {
        peer: peer.address,
        metadata,
        identity,
        tenant: None,
        arrived: Some(arrived.into_std()),
    })
}

fn is_grpc(head: &Parts) -> bool {
    let content_type = head.headers.get(CONTENT_TYPE);
    head.version == http::Version::HTTP_2
        && content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
}

/// Tells a gRPC client, in gRPC, that this is the wrong port.
fn refuse_grpc<H>(server: &Shared<H>, peer: Peer, head: &Parts) -> http::Response<Whole<Bytes>> {
    let hint = server.options.other_protocol_hint.as_deref();
    tracing::warn!(
        peer = ?peer.address,
        path = head.uri.path(),
        hint,
        "client speaks gRPC on the HTTP port: OTLP/gRPC is usually on port 4317"
    );
    let mut text = "this port speaks OTLP over HTTP, not gRPC".to_owned();
    if let Some(hint) = hint {
        text.push_str("; ");
        text.push_str(hint);
    }
    let mut response = http::Response::new(Whole::new(Bytes::new()));
    let map = response.headers_mut();
    map.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    // UNIMPLEMENTED
    map.insert("grpc-status", HeaderValue::from_static("12"));
    map.insert("grpc-message", crate::grpc::encode_message(&text));
    response
}
