//! One HTTP/2 connection of a client: handshake and life.

use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use h2::client::{Connection, SendRequest};
use tokio::time::timeout;

use super::ClientOptions;
use crate::connect::{Address, Alpn, CONNECT_TIMEOUT, ConnectError};
use crate::grpc::body::Frames;
use crate::grpc::keepalive::{KeepAlive, Liveness};
use crate::grpc::{ANSWER_WINDOW, MAX_HEADERS};
use crate::io::Io;

/// The most often a client may ping. Source: grpc-go, `keepalive.ClientParameters.Time`.
const SHORTEST_KEEPALIVE: Duration = Duration::from_secs(10);

/// A connection on which the server has answered.
pub(super) struct Open {
    pub(super) sender: SendRequest<Frames>,
    /// Cloned by every request; tells whether any is open.
    pub(super) lease: Lease,
    connection: Connection<Io, Frames>,
    keepalive: Option<KeepAlive>,
    ping_when_idle: bool,
}

/// Counts the requests that use a connection.
pub(super) type Lease = Arc<()>;

/// Connects and waits for the server's first bytes, so that what is no HTTP/2 server is told
/// apart from one that breaks later.
pub(super) async fn open(
    options: &Arc<ClientOptions>,
    address: &Address,
) -> Result<Open, ConnectError> {
    let server_name = &options.target.server_name;
    let io = options
        .connector
        .dial(address, server_name, Alpn::Http2)
        .await?;
    if io.is_tls() && io.alpn() != Some(b"h2") {
        return Err(ConnectError::Alpn {
            address: address.clone(),
        });
    }
    let activity = io.activity();
    let not_http2 = |error: &h2::Error| ConnectError::NotHttp2 {
        address: address.clone(),
        error: error.to_string(),
    };
    let mut builder = h2::client::Builder::new();
    builder
        .enable_push(false)
        .initial_window_size(ANSWER_WINDOW)
        .initial_connection_window_size(ANSWER_WINDOW)
        .max_header_list_size(MAX_HEADERS);
    let handshake = builder.handshake::<_, Frames>(io).await;
    let (sender, mut connection) = handshake.map_err(|error| not_http2(&error))?;
    let keepalive = options.keepalive.and_then(|keepalive| {
        let time = keepalive.time.max(SHORTEST_KEEPALIVE);
        let pings = connection.ping_pong()?;
        Some(KeepAlive::new(
            time,
            keepalive.timeout,
            pings,
            activity.clone(),
        ))
    });
    let ping_when_idle = options.keepalive.is_some_and(|k| k.permit_without_stream);
    let settled = std::future::poll_fn(|cx| match Pin::new(&mut connection).poll(cx) {
        Poll::Ready(Ok(())) => Poll::Ready(Err(ConnectError::NotHttp2 {
            address: address.clone(),
            error: "it closed the connection".to_owned(),
        })),
        Poll::Ready(Err(error)) => Poll::Ready(Err(not_http2(&error))),
        Poll::Pending if activity.take() => Poll::Ready(Ok(())),
        Poll::Pending => Poll::Pending,
    });
    match timeout(CONNECT_TIMEOUT, settled).await {
        Ok(Ok(())) => Ok(Open {
            sender,
            lease: Lease::default(),
            connection,
            keepalive,
            ping_when_idle,
        }),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(ConnectError::Timeout {
            address: address.clone(),
        }),
    }
}

/// Why a connection takes no more requests.
pub(super) enum Ended {
    /// It is gone.
    Closed(Option<String>),
    /// The server asked to go away; requests in hand may still be answered.
    Draining(Box<Open>),
}

impl Open {
    /// Drives the connection until it takes no more requests.
    pub(super) async fn run(mut self) -> Ended {
        let mut probe = self.sender.clone();
        // Ours and that of the list of connections.
        let idle = Arc::strong_count(&self.lease);
        let closed = std::future::poll_fn(|cx| {
            loop {
                if let Poll::Ready(result) = Pin::new(&mut self.connection).poll(cx) {
                    return Poll::Ready(Some(result.err().map(|error| error.to_string())));
                }
                if let Poll::Ready(Err(_)) = probe.poll_ready(cx) {
                    return Poll::Ready(None);
                }
                let Some(keepalive) = &mut self.keepalive else {
                    return Poll::Pending;
                };
                let busy = self.ping_when_idle || Arc::strong_count(&self.lease) > idle;
                match keepalive.poll(cx, busy) {
                    Liveness::Alive => return Poll::Pending,
                    Liveness::Pinged => {}
                    Liveness::Dead => {
                        let text = "a keepalive ping was not answered".to_owned();
                        return Poll::Ready(Some(Some(text)));
                    }
                }
            }
        })
        .await;
        match closed {
            Some(error) => Ended::Closed(error),
            None => Ended::Draining(Box::new(self)),
        }
    }

    /// Drives a connection that takes no more requests to its end.
    pub(super) async fn drain(self) {
        drop(self.sender);
        if let Err(error) = self.connection.await {
            tracing::debug!(%error, "connection broke while it was being closed");
        }
    }
}
