//! The HTTP server.

mod answer;
mod connection;
mod receive;
mod request;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use headwater_core::auth::ServerAuthenticator;
use http::HeaderMap;

use super::{Cors, DEFAULT_MAX_BODY, Handler};
use crate::accept::{self, Acceptor};
use crate::listen::Listener;
use crate::serving::{Serve, Stop};

/// Which values of `Content-Encoding` a server decompresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encodings {
    /// None: every body is passed on as it is.
    Untouched,
    /// These, exactly as written; the empty text is a plain body. Others are rejected.
    Of(Vec<&'static str>),
}

impl Default for Encodings {
    fn default() -> Self {
        let all = [
            "",
            "gzip",
            "zstd",
            "zlib",
            "snappy",
            "deflate",
            "lz4",
            "x-snappy-framed",
        ];
        Self::Of(all.to_vec())
    }
}

/// How a server behaves; the defaults have no timeouts, as those of the otlp receiver.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// The largest body in bytes, as sent and again when decompressed. Default: 20 MiB.
    pub max_body: usize,
    /// Whether request headers get into the context. Default: false.
    pub include_metadata: bool,
    /// Headers of every answer.
    pub response_headers: HeaderMap,
    /// What is decompressed. Default: everything known.
    pub encodings: Encodings,
    /// Rules for other origins. Default: none, and browsers then refuse.
    pub cors: Option<Cors>,
    /// How long a request may take to arrive.
    pub read_timeout: Option<Duration>,
    /// How long its headers may take to arrive.
    pub read_header_timeout: Option<Duration>,
    /// How long an answer may take.
    pub write_timeout: Option<Duration>,
    /// How long a connection may wait for its next request.
    pub idle_timeout: Option<Duration>,
    /// Whether a connection may carry more than one request. Default: true.
    pub keep_alive: bool,
    /// Query parameters that the authenticator sees as headers.
    pub auth_params: Vec<String>,
    /// How long the TLS handshake and the first byte may take together, where no other timeout
    /// bounds them. Default: 20 s for the handshake.
    pub handshake_timeout: Duration,
    /// How long a body may take to arrive; one second is added per 32 KiB. Against clients
    /// that announce a body and do not send it. Default: 60 s.
    pub receive_timeout: Duration,
    /// What to tell clients that speak gRPC here, for example where gRPC is served.
    pub other_protocol_hint: Option<String>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            max_body: DEFAULT_MAX_BODY,
            include_metadata: false,
            response_headers: HeaderMap::new(),
            encodings: Encodings::default(),
            cors: None,
            read_timeout: None,
            read_header_timeout: None,
            write_timeout: None,
            idle_timeout: None,
            keep_alive: true,
            auth_params: Vec::new(),
            handshake_timeout: Duration::from_secs(20),
            receive_timeout: Duration::from_secs(60),
            other_protocol_hint: None,
        }
    }
}

struct Shared<H> {
    handler: H,
    options: ServerOptions,
    acceptor: Acceptor,
    authenticator: Option<Arc<dyn ServerAuthenticator>>,
}

/// An HTTP server: HTTP/1.1, and HTTP/2 for those who begin with it or agree to it in the TLS
/// handshake. Cheap to clone; every worker serves a clone on a listener of its own.
pub struct Server<H>(Arc<Shared<H>>);

impl<H> Clone for Server<H> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<H> fmt::Debug for Server<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("options", &self.0.options)
            .finish_non_exhaustive()
    }
}

impl<H: Handler> Server<H> {
    /// A plaintext server without authentication.
    #[must_use]
    pub fn new(handler: H, options: ServerOptions) -> Self {
        Self::build(handler, options, Acceptor::default(), None)
    }

    pub(crate) fn build(
        handler: H,
        options: ServerOptions,
        acceptor: Acceptor,
        authenticator: Option<Arc<dyn ServerAuthenticator>>,
    ) -> Self {
        Self(Arc::new(Shared {
            handler,
            options,
            acceptor,
            authenticator,
        }))
    }
}

impl<H: Handler> Serve for Server<H> {
    async fn serve(self, listener: Listener, stop: Stop) {
        accept::run(listener, stop, |socket, peer, stop| {
            connection::serve(Arc::clone(&self.0), socket, peer, stop)
        })
        .await;
    }
}

/// What is known about a connection.
#[derive(Debug, Clone, Copy)]
struct Peer {
    address: Option<SocketAddr>,
}
