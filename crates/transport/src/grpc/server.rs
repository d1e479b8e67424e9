//! The unary server.

mod answer;
mod connection;
mod head;
mod policy;
mod receive;
mod streams;
mod timers;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use headwater_core::auth::ServerAuthenticator;
use headwater_core::{Context, Ticket};
use tokio::time::Instant;

use crate::accept::Acceptor;
use crate::listen::Listener;
use crate::serving::{Serve, Stop};
use crate::{Status, accept};

/// A request whose message has arrived complete and plain.
#[derive(Debug)]
pub struct Request {
    /// Which of the handler's [`UnaryHandler::METHODS`] was called, by index.
    pub method: usize,
    /// Peer, arrival, identity and, with `include_metadata`, the headers.
    pub context: Context,
    /// When the client gives up; the server answers DEADLINE_EXCEEDED then by itself.
    pub deadline: Option<Instant>,
    /// The message, decompressed, without its prefix.
    pub message: Bytes,
    /// What [`UnaryHandler::admit`] gave for the message's bytes.
    pub ticket: Ticket,
}

/// Answers requests.
pub trait UnaryHandler: Send + Sync + 'static {
    /// Charges `bytes` before the message is read; an error refuses the request unread.
    ///
    /// `bytes` is the length on the wire. The ticket is corrected after decompression.
    ///
    /// # Errors
    /// Usually RESOURCE_EXHAUSTED with a retry delay.
    fn admit(&self, method: usize, bytes: usize) -> Result<Ticket, Status> {
        let _ = (method, bytes);
        Ok(Ticket::default())
    }

    /// Answers one request with a serialized message, which may be empty.
    ///
    /// # Errors
    /// The [`Status`] goes to the client.
    ///
    /// # Cancel safety
    /// The future is dropped when the client resets the request, goes away or its deadline
    /// passes, so what must be booked has to be booked by a guard.
    fn call(&self, request: Request) -> impl Future<Output = Result<Bytes, Status>> + Send;
}

/// How a server behaves; the defaults are upstream's.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// The largest message in bytes, on the wire and decompressed. Default: 4 MiB.
    pub max_message: usize,
    /// Requests that one connection may have open; 0 for no limit. Default: 0.
    pub max_concurrent_streams: u32,
    /// Whether request headers get into the context. Default: false.
    pub include_metadata: bool,
    /// Close a connection without requests after this. Default: never.
    pub max_connection_idle: Option<Duration>,
    /// Ask a client to reconnect after this, spread by a tenth. Default: never.
    pub max_connection_age: Option<Duration>,
    /// How long requests may go on after that. Default: for ever.
    pub max_connection_age_grace: Option<Duration>,
    /// Ping a silent client after this. Default: 2 h.
    pub keepalive_time: Duration,
    /// Close the connection if the ping is not answered within this. Default: 20 s.
    pub keepalive_timeout: Duration,
    /// The shortest time between two pings of a client; one that pings more often is sent away,
    /// as grpc-go does. Default: 5 min.
    pub ping_min_time: Duration,
    /// Whether clients may ping while no request is open. Default: false.
    pub ping_without_stream: bool,
    /// How long TLS and HTTP/2 handshake may take together, against clients that connect and
    /// say nothing. Default: 20 s.
    pub handshake_timeout: Duration,
    /// How long a message may take to arrive; one second is added per 32 KiB. Against clients
    /// that announce a message and do not send it. Default: 60 s.
    pub receive_timeout: Duration,
    /// What to tell clients that speak HTTP/1 here, for example where OTLP/HTTP is served.
    pub other_protocol_hint: Option<String>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            max_message: super::DEFAULT_MAX_MESSAGE,
            max_concurrent_streams: 0,
            include_metadata: false,
            max_connection_idle: None,
            max_connection_age: None,
            max_connection_age_grace: None,
            keepalive_time: Duration::from_hours(2),
            keepalive_timeout: Duration::from_secs(20),
            ping_min_time: Duration::from_mins(5),
            ping_without_stream: false,
            handshake_timeout: Duration::from_secs(20),
            receive_timeout: Duration::from_secs(60),
            other_protocol_hint: None,
        }
    }
}

struct Shared<H> {
    handler: H,
    methods: Vec<&'static str>,
    options: ServerOptions,
    acceptor: Acceptor,
    authenticator: Option<Arc<dyn ServerAuthenticator>>,
}

/// A unary gRPC server. Cheap to clone; every worker serves a clone on a listener of its own.
pub struct Server<H>(Arc<Shared<H>>);

impl<H> Clone for Server<H> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<H> std::fmt::Debug for Server<H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("methods", &self.0.methods)
            .field("options", &self.0.options)
            .finish_non_exhaustive()
    }
}

impl<H: UnaryHandler> Server<H> {
    /// A plaintext server without authentication. `methods` are full paths, for example
    /// `/opentelemetry.proto.collector.trace.v1.TraceService/Export`; their indexes are what
    /// the handler is given.
    #[must_use]
    pub fn new(methods: Vec<&'static str>, handler: H, options: ServerOptions) -> Self {
        Self::build(methods, handler, options, Acceptor::default(), None)
    }

    pub(crate) fn build(
        methods: Vec<&'static str>,
        handler: H,
        options: ServerOptions,
        acceptor: Acceptor,
        authenticator: Option<Arc<dyn ServerAuthenticator>>,
    ) -> Self {
        Self(Arc::new(Shared {
            handler,
            methods,
            options,
            acceptor,
            authenticator,
        }))
    }
}

#[cfg(feature = "fuzzing")]
impl<H: UnaryHandler> Server<H> {
    pub(crate) async fn serve_io(&self, io: crate::io::Io, stop: Stop) {
        connection::drive(Arc::clone(&self.0), io, Peer { address: None }, stop).await;
    }
}

impl<H: UnaryHandler> Serve for Server<H> {
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

/// An answer that is only a status.
enum Outcome {
    /// HTTP status 200, as all that is gRPC.
    Status(Status),
    /// With an HTTP status that says more to those who do not speak gRPC.
    Http(http::StatusCode, Status),
}

impl From<Status> for Outcome {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}
