//! A connection that sends export requests and reads the answers.

use std::fmt::Display;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use headwater_core::Signal;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST, RETRY_AFTER, TE};
use http::{HeaderMap, HeaderValue, Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use crate::encoding::Encoding;
use crate::error::LoadError;
use crate::otlp::{self, Protocol};

/// What a collector answered.
#[derive(Debug)]
pub(crate) enum Reply {
    /// It took responsibility for the items.
    Accepted,
    /// It asks to be sent the same again, perhaps not before some time.
    Retry(Option<Duration>),
    /// It will not take the request.
    Refused(String),
}

/// Who requests go to and how they are encoded: everything but the body.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// gRPC or HTTP.
    pub(crate) protocol: Protocol,
    uri: Uri,
    headers: HeaderMap,
}

impl Target {
    /// Requests of `signal` to `address`, whose bodies are in `encoding`.
    ///
    /// # Errors
    /// None for any socket address.
    pub(crate) fn try_new(
        protocol: Protocol,
        address: SocketAddr,
        signal: Signal,
        encoding: Encoding,
    ) -> Result<Self, LoadError> {
        let usage = |error: &dyn Display| LoadError::Usage(format!("{address}: {error}"));
        let path = otlp::path(protocol, signal);
        let uri = match protocol {
            // HTTP/2 makes its pseudo-headers of a whole URI, HTTP/1.1 wants a path and `host`.
            Protocol::Grpc => format!("http://{address}{path}"),
            Protocol::Http => path.to_owned(),
        };
        let uri = uri.parse().map_err(|error| usage(&error))?;
        let mut headers = HeaderMap::new();
        let encoding = match encoding {
            Encoding::None => None,
            other => Some(HeaderValue::from_static(other.as_str())),
        };
        match protocol {
            Protocol::Grpc => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
                headers.insert(TE, HeaderValue::from_static("trailers"));
                encoding.map(|value| headers.insert("grpc-encoding", value));
            }
            Protocol::Http => {
                let host = HeaderValue::try_from(address.to_string());
                headers.insert(HOST, host.map_err(|error| usage(&error))?);
                headers.insert(
                    CONTENT_TYPE,
                    HeaderValue::from_static("application/x-protobuf"),
                );
                encoding.map(|value| headers.insert(CONTENT_ENCODING, value));
            }
        }
        Ok(Self {
            protocol,
            uri,
            headers,
        })
    }

    /// The request that carries `body` (for gRPC a whole frame).
    fn request(&self, body: Bytes) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

/// One connection, or for gRPC one of several users of it.
#[derive(Debug)]
pub(crate) enum Client {
    /// HTTP/2: any number of requests at a time.
    Grpc(http2::SendRequest<Full<Bytes>>),
    /// HTTP/1.1: one request at a time.
    Http(http1::SendRequest<Full<Bytes>>),
}

impl Client {
    /// Connects; the connection lives on the current runtime until the last user is dropped.
    ///
    /// # Errors
    /// Nobody listens, or what listens does not speak HTTP.
    pub(crate) async fn connect(
        protocol: Protocol,
        address: SocketAddr,
    ) -> Result<Self, LoadError> {
        let what = || format!("connect to {address}");
        let stream = TcpStream::connect(address)
            .await
            .map_err(LoadError::io(what()))?;
        stream.set_nodelay(true).map_err(LoadError::io(what()))?;
        let io = TokioIo::new(stream);
        // What ends a connection shows in the requests on it.
        Ok(match protocol {
            Protocol::Grpc => {
                let (sender, connection) = http2::handshake(TokioExecutor::new(), io)
                    .await
                    .map_err(LoadError::http(what()))?;
                tokio::spawn(async { drop(connection.await) });
                Self::Grpc(sender)
            }
            Protocol::Http => {
                let (sender, connection) = http1::handshake(io)
                    .await
                    .map_err(LoadError::http(what()))?;
                tokio::spawn(async { drop(connection.await) });
                Self::Http(sender)
            }
        })
    }

    /// Another user of the same connection, where the protocol has that.
    pub(crate) fn share(&self) -> Option<Self> {
        match self {
            Self::Grpc(sender) => Some(Self::Grpc(sender.clone())),
            Self::Http(_) => None,
        }
    }

    /// Sends `body` and waits for the answer.
    ///
    /// # Errors
    /// The connection broke before the answer was complete.
    pub(crate) async fn send(&mut self, target: &Target, body: Bytes) -> Result<Reply, LoadError> {
        let failed = |error| LoadError::Http {
            what: format!("send to {}", target.uri),
            error,
        };
        let request = target.request(body);
        match self {
            Self::Grpc(sender) => {
                let response = sender.send_request(request).await.map_err(failed)?;
                grpc_reply(response).await.map_err(failed)
            }
            Self::Http(sender) => {
                sender.ready().await.map_err(failed)?;
                let response = sender.send_request(request).await.map_err(failed)?;
                http_reply(response).await.map_err(failed)
            }
        }
    }

    /// Sends any request over a gRPC connection; `None` over HTTP/1.1.
    pub(crate) async fn forward(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Option<hyper::Result<Response<Incoming>>> {
        match self {
            Self::Grpc(sender) => Some(sender.send_request(request).await),
            Self::Http(_) => None,
        }
    }
}

/// What OTLP says to retry: cancelled, deadline exceeded, aborted, out of range, unavailable, data
/// loss; and resource exhausted even without RetryInfo, because it is how collectors say "slower".
const RETRYABLE: [u16; 7] = [1, 4, 8, 10, 11, 14, 15];

async fn grpc_reply(response: Response<Incoming>) -> hyper::Result<Reply> {
    let (parts, mut body) = response.into_parts();
    let mut trailers = HeaderMap::new();
    while let Some(frame) = body.frame().await {
        if let Ok(found) = frame?.into_trailers() {
            trailers = found;
        }
    }
    let header = |name| trailers.get(name).or_else(|| parts.headers.get(name));
    let text = |name| {
        header(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    Ok(match text("grpc-status").parse::<u16>() {
        Ok(0) => Reply::Accepted,
        Ok(code) if RETRYABLE.contains(&code) => Reply::Retry(None),
        _ => Reply::Refused(format!(
            "HTTP {}, gRPC status {:?}: {}",
            parts.status.as_u16(),
            text("grpc-status"),
            text("grpc-message")
        )),
    })
}

async fn http_reply(response: Response<Incoming>) -> hyper::Result<Reply> {
    let (parts, body) = response.into_parts();
    let body = body.collect().await?.to_bytes();
    let seconds = parts
        .headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    Ok(match parts.status.as_u16() {
        200..300 => Reply::Accepted,
        429 | 502..505 => Reply::Retry(seconds.map(Duration::from_secs)),
        status => Reply::Refused(format!("HTTP {status}: {}", String::from_utf8_lossy(&body))),
    })
}
