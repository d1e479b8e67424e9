//! One connection of either protocol, and one request on it.

use std::sync::Arc;

use bytes::{BufMut as _, Bytes, BytesMut};
use http::{HeaderMap, Method, Version, header};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use thiserror::Error;
use tokio::sync::OwnedSemaphorePermit;

use super::{Answer, ClientOptions, host_header};
use crate::connect::ConnectError;
use crate::grpc::Frames;
use crate::http::Url;
use crate::http::body::Whole;
use crate::io::Io;

type Body = Whole<Frames>;

/// Why a request brought no answer.
#[derive(Debug, Error)]
pub(super) enum SendError {
    /// Nothing was sent; the body comes back.
    #[error("the connection was closed")]
    NotSent(Frames),
    /// It broke before an answer began.
    #[error("{0}")]
    NoAnswer(String),
    #[error("{0}")]
    Failed(String),
}

/// An HTTP/2 connection that requests share.
#[derive(Clone)]
pub(super) struct Shared(http2::SendRequest<Body>);

impl Shared {
    pub(super) async fn handshake(
        io: Io,
        options: &Arc<ClientOptions>,
    ) -> Result<Self, ConnectError> {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder.timer(TokioTimer::new());
        if let Some(after) = options.ping_after {
            builder
                .keep_alive_interval(after)
                .keep_alive_timeout(options.ping_timeout);
        }
        let shaken = builder.handshake(TokioIo::new(io)).await;
        let (sender, connection) = shaken.map_err(|error| ConnectError::Protocol(chain(&error)))?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = chain(&error), "HTTP/2 connection failed");
            }
        });
        Ok(Self(sender))
    }

    pub(super) fn is_usable(&self) -> bool {
        !self.0.is_closed()
    }
}

enum Kind {
    Http1(http1::SendRequest<Body>),
    Http2(Shared),
}

/// A connection in use by one request.
pub(super) struct Connection {
    kind: Kind,
    reused: bool,
    /// Requests go to a proxy, with whole URLs.
    whole_urls: bool,
    permit: Option<OwnedSemaphorePermit>,
}

impl Connection {
    pub(super) async fn handshake(io: Io, whole_urls: bool) -> Result<Self, ConnectError> {
        let shaken = http1::handshake(TokioIo::new(io)).await;
        let (sender, connection) = shaken.map_err(|error| ConnectError::Protocol(chain(&error)))?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = chain(&error), "HTTP/1 connection failed");
            }
        });
        Ok(Self {
            kind: Kind::Http1(sender),
            reused: false,
            whole_urls,
            permit: None,
        })
    }

    pub(super) fn sharing(shared: Shared) -> Self {
        Self {
            kind: Kind::Http2(shared),
            reused: true,
            whole_urls: false,
            permit: None,
        }
    }

    pub(super) fn hold(&mut self, permit: Option<OwnedSemaphorePermit>) {
        self.permit = permit;
    }

    /// The request is over: others may use a connection to this host.
    pub(super) fn release(&mut self) {
        self.permit = None;
    }

    pub(super) const fn is_reused(&self) -> bool {
        self.reused
    }

    pub(super) const fn is_shared(&self) -> bool {
        matches!(self.kind, Kind::Http2(_))
    }

    pub(super) fn is_usable(&self) -> bool {
        match &self.kind {
            Kind::Http1(sender) => sender.is_ready(),
            Kind::Http2(shared) => shared.is_usable(),
        }
    }

    /// Sends a request and reads at most `limit` bytes of its answer. The connection comes back
    /// if it can be used again.
    pub(super) async fn exchange(
        mut self,
        (method, url, mut headers): (Method, &Url, HeaderMap),
        body: Frames,
        limit: usize,
    ) -> Result<(Answer, Option<Self>), SendError> {
        let host = host_header(url, &mut headers);
        let mut request = http::Request::new(Whole::new(body));
        *request.method_mut() = method;
        let sent = match &mut self.kind {
            Kind::Http1(sender) => {
                headers.insert(header::HOST, host);
                let target = if self.whole_urls {
                    url.to_string()
                } else {
                    url.path().to_owned()
                };
                *request.uri_mut() = target
                    .parse()
                    .map_err(|_| SendError::Failed("invalid URL".to_owned()))?;
                *request.headers_mut() = headers;
                sender.try_send_request(request).await
            }
            Kind::Http2(Shared(sender)) => {
                *request.version_mut() = Version::HTTP_2;
                *request.uri_mut() = with_host(url, &host);
                *request.headers_mut() = headers;
                sender.try_send_request(request).await
            }
        };
        let response = sent.map_err(|mut error| match error.take_message() {
            Some(request) => SendError::NotSent(request.into_body().into_inner()),
            None => SendError::NoAnswer(chain(error.error())),
        })?;
        let (head, incoming) = response.into_parts();
        let (body, truncated) = read(incoming, limit).await?;
        self.reused = true;
        let again = match &mut self.kind {
            Kind::Http1(sender) => !truncated && sender.ready().await.is_ok(),
            Kind::Http2(_) => true,
        };
        let answer = Answer {
            status: head.status,
            headers: head.headers,
            body,
            truncated,
        };
        Ok((answer, again.then_some(self)))
    }
}

/// HTTP/2 names the host in the target.
fn with_host(url: &Url, host: &http::HeaderValue) -> http::Uri {
    let mut parts = url.uri().clone().into_parts();
    if let Ok(authority) = http::uri::Authority::try_from(host.as_bytes()) {
        parts.authority = Some(authority);
    }
    http::Uri::from_parts(parts).unwrap_or_else(|_| url.uri().clone())
}

/// Up to how many bytes of a body room is made before they have come.
const MOST_EXPECTED: usize = 64 << 20;

/// Reads up to `limit` bytes; says whether there was more.
async fn read(mut incoming: Incoming, limit: usize) -> Result<(Bytes, bool), SendError> {
    let mut body = Bytes::new();
    // Room for all of it at once, if the server says how much that is: growing would leave holes in
    // the heap. A lie costs addresses, not memory.
    let announced = incoming.size_hint().exact().unwrap_or_default();
    let announced = usize::try_from(announced).unwrap_or(usize::MAX);
    let expected = announced.min(limit).min(MOST_EXPECTED);
    loop {
        let frame = std::future::poll_fn(|cx| std::pin::Pin::new(&mut incoming).poll_frame(cx));
        let data = match frame.await {
            None => return Ok((body, false)),
            Some(Err(error)) => return Err(SendError::Failed(chain(&error))),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => data,
                Err(_) => continue,
            },
        };
        let room = limit - body.len();
        let (data, truncated) = if data.len() > room {
            (data.slice(..room), true)
        } else {
            (data, false)
        };
        if body.is_empty() {
            body = data;
        } else {
            let mut joined = BytesMut::from(body);
            joined.reserve(expected.saturating_sub(joined.len()).max(data.len()));
            joined.put(data);
            body = joined.freeze();
        }
        if truncated {
            return Ok((body, true));
        }
    }
}

/// hyper keeps the cause apart.
fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", chain(source)),
        None => error.to_string(),
    }
}
