//! One request, from its headers to its answer.

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use headwater_core::rpc::Code;
use headwater_core::{Context, ContextParts, Identity, Metadata};
use http::{HeaderMap, Method, header};
use tokio::time::{Instant, sleep_until};

use super::{Peer, Request, Shared, UnaryHandler, answer, receive};
use crate::Status;
use crate::compression::{DecompressError, Encoding, decompress};
use crate::grpc::headers;

/// How a request ends.
pub(super) enum Outcome {
    /// With a message.
    Message(Bytes),
    /// With a status, HTTP status 200.
    Status(Status),
    /// With a status and an HTTP status that says more to those who do not speak gRPC.
    Http(http::StatusCode, Status),
    /// The client is gone.
    Gone,
}

impl From<Status> for Outcome {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

/// Answers one request.
pub(super) async fn answer<H: UnaryHandler>(
    server: Arc<Shared<H>>,
    peer: Peer,
    request: http::Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
) {
    let outcome = match handle(&server, peer, request, &mut respond).await {
        Ok(message) => Outcome::Message(message),
        Err(outcome) => outcome,
    };
    answer::send(respond, outcome);
}

async fn handle<H: UnaryHandler>(
    server: &Shared<H>,
    peer: Peer,
    request: http::Request<RecvStream>,
    respond: &mut SendResponse<Bytes>,
) -> Result<Bytes, Outcome> {
    let arrived = Instant::now();
    let (head, mut body) = request.into_parts();
    let method = check_head(server, &head)?;
    let deadline = deadline(&head.headers, arrived)?;
    let identity =
        match &server.authenticator {
            None => None,
            Some(authenticator) => Some(authenticator.authenticate(&head.headers).await.map_err(
                |error| Outcome::Status(Status::new(Code::Unauthenticated, error.message)),
            )?),
        };
    let encoding = encoding(&head.headers)?;

    let work = async {
        let max = server.options.max_message;
        let admit = |bytes| server.handler.admit(method, bytes);
        let received = receive::message(&mut body, max, server.options.receive_timeout, admit);
        let receive::Received {
            compressed,
            message,
            mut ticket,
        } = received.await?;
        let message = if compressed {
            let plain = plain(encoding, &message, max)?;
            ticket.resize(plain.len());
            plain
        } else {
            message
        };
        let context = context(server, peer, identity, &head.headers, arrived);
        let request = Request {
            method,
            context,
            deadline,
            message,
            ticket,
        };
        Ok(server.handler.call(request).await?)
    };
    let mut work = pin!(work);
    let mut sleep = pin!(deadline.map(sleep_until));
    std::future::poll_fn(|cx| {
        if let Poll::Ready(result) = work.as_mut().poll(cx) {
            return Poll::Ready(result);
        }
        // Ready is a reset or a dead connection: nobody waits for the answer any more.
        if respond.poll_reset(cx).is_ready() {
            return Poll::Ready(Err(Outcome::Gone));
        }
        if let Some(sleep) = sleep.as_mut().as_pin_mut()
            && sleep.poll(cx).is_ready()
        {
            let status = Status::new(Code::DeadlineExceeded, "the client's deadline passed");
            return Poll::Ready(Err(status.into()));
        }
        Poll::Pending
    })
    .await
}

/// Checks method, content type and path; returns the index of the handler's method.
fn check_head<H>(server: &Shared<H>, head: &http::request::Parts) -> Result<usize, Outcome> {
    if head.method != Method::POST {
        let text = format!("gRPC requests are POST, not {}", head.method);
        let status = Status::new(Code::Internal, text);
        return Err(Outcome::Http(http::StatusCode::METHOD_NOT_ALLOWED, status));
    }
    let content_type = head.headers.get(header::CONTENT_TYPE);
    if !content_type.is_some_and(|value| headers::is_grpc(value.as_bytes())) {
        let text = format!(
            "invalid gRPC request content-type {:?}",
            content_type.map_or("", |value| value.to_str().unwrap_or("(not text)"))
        );
        let status = Status::new(Code::InvalidArgument, text);
        return Err(Outcome::Http(
            http::StatusCode::UNSUPPORTED_MEDIA_TYPE,
            status,
        ));
    }
    let path = head.uri.path();
    server
        .methods
        .iter()
        .position(|method| *method == path)
        .ok_or_else(|| {
            // As grpc-go words it: people search for it.
            let service = path
                .trim_start_matches('/')
                .split('/')
                .next()
                .unwrap_or_default();
            Status::new(Code::Unimplemented, format!("unknown service {service}")).into()
        })
}

fn deadline(headers: &HeaderMap, arrived: Instant) -> Result<Option<Instant>, Outcome> {
    let Some(value) = headers.get(headers::GRPC_TIMEOUT) else {
        return Ok(None);
    };
    match headers::parse_timeout(value.as_bytes()) {
        Some(timeout) => Ok(arrived.checked_add(timeout)),
        None => Err(Status::new(Code::Internal, "malformed grpc-timeout").into()),
    }
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, Outcome> {
    let name = headers
        .get(headers::GRPC_ENCODING)
        .map_or(&b""[..], |value| value.as_bytes());
    Encoding::from_grpc(name).ok_or_else(|| {
        let name = String::from_utf8_lossy(name);
        let text = format!("grpc: Decompressor is not installed for grpc-encoding {name:?}");
        Status::new(Code::Unimplemented, text).into()
    })
}

fn plain(encoding: Encoding, message: &Bytes, max: usize) -> Result<Bytes, Status> {
    if encoding == Encoding::Identity {
        let text = "grpc: compressed flag set with identity or empty encoding";
        return Err(Status::new(Code::Internal, text));
    }
    decompress(encoding, message, max).map_err(|error| {
        let code = match error {
            DecompressError::TooLarge { .. } => Code::ResourceExhausted,
            DecompressError::Invalid { .. } => Code::Internal,
        };
        Status::new(code, format!("grpc: {error}"))
    })
}

fn context<H>(
    server: &Shared<H>,
    peer: Peer,
    identity: Option<Identity>,
    headers: &HeaderMap,
    arrived: Instant,
) -> Context {
    let metadata = if server.options.include_metadata {
        metadata(headers)
    } else {
        Metadata::default()
    };
    Context::new(ContextParts {
        peer: peer.address,
        metadata,
        identity,
        tenant: None,
        arrived: Some(arrived.into_std()),
    })
}

/// Headers that are text; binary ones mean nothing to the components that read metadata.
fn metadata(headers: &HeaderMap) -> Metadata {
    let mut metadata = Metadata::default();
    for (name, value) in headers {
        if let Ok(value) = value.to_str() {
            metadata.append(name.as_str(), value);
        }
    }
    metadata
}
