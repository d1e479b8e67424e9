//! A server for protocols that are a plain stream of bytes, such as syslog over TCP.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use headwater_core::config::Optional;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Semaphore;

use crate::accept::{self, Acceptor};
use crate::config::{BuildError, TlsServerConfig, server_acceptor};
use crate::io::{Io, Socket};
use crate::listen::Listener;
use crate::serving::{Serve, Stop};

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(20);

/// Serves one connection.
pub trait StreamHandler: Send + Sync + 'static {
    /// Reads and writes until the peer or `stop` ends it; returning closes the connection.
    ///
    /// # Cancel safety
    /// The future is dropped where the time to stop is over.
    fn serve(&self, stream: Stream, stop: Stop) -> impl Future<Output = ()> + Send;
}

/// A connected stream, with TLS undone.
#[derive(Debug)]
pub struct Stream {
    io: Io,
    peer: Option<SocketAddr>,
    local: Option<SocketAddr>,
}

impl Stream {
    /// The client's address; none for a Unix socket.
    #[must_use]
    pub const fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// The address that the client has connected to; none for a Unix socket.
    #[must_use]
    pub const fn local(&self) -> Option<SocketAddr> {
        self.local
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

struct Shared<H> {
    handler: H,
    acceptor: Acceptor,
    /// One for each connection there may be, on all workers together.
    room: Semaphore,
    /// That there was none was said already.
    complained: AtomicBool,
}

/// Accepts connections and hands each to a handler, as many at a time as there may be; others are
/// closed at once. Cheap to clone; every worker serves a clone on a listener of its own.
pub struct StreamServer<H>(Arc<Shared<H>>);

impl<H> Clone for StreamServer<H> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<H> fmt::Debug for StreamServer<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamServer")
            .field("room", &self.0.room.available_permits())
            .finish_non_exhaustive()
    }
}

impl<H: StreamHandler> StreamServer<H> {
    /// A server with at most `max_connections` connections.
    ///
    /// # Errors
    /// [`BuildError`] if a certificate or key cannot be used.
    pub fn try_new(
        tls: &Optional<TlsServerConfig>,
        max_connections: usize,
        handler: H,
    ) -> Result<Self, BuildError> {
        Ok(Self(Arc::new(Shared {
            handler,
            acceptor: server_acceptor(tls, &[])?,
            room: Semaphore::new(max_connections.min(Semaphore::MAX_PERMITS)),
            complained: AtomicBool::new(false),
        })))
    }
}

impl<H: StreamHandler> Serve for StreamServer<H> {
    async fn serve(self, listener: Listener, stop: Stop) {
        accept::run(listener, stop, |socket, peer, stop| {
            connection(Arc::clone(&self.0), socket, peer, stop)
        })
        .await;
    }
}

async fn connection<H: StreamHandler>(
    shared: Arc<Shared<H>>,
    socket: Socket,
    peer: Option<SocketAddr>,
    stop: Stop,
) {
    let Ok(_room) = shared.room.try_acquire() else {
        if !shared.complained.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                ?peer,
                "Too many connections: new ones are closed until others end"
            );
        }
        return;
    };
    let local = match &socket {
        Socket::Tcp(socket) => socket.local_addr().ok(),
        #[cfg(unix)]
        Socket::Unix(_) => None,
    };
    let shaken = tokio::time::timeout(HANDSHAKE, shared.acceptor.accept(socket)).await;
    match shaken {
        Ok(Ok(io)) => {
            let stream = Stream { io, peer, local };
            shared.handler.serve(stream, stop).await;
        }
        Ok(Err(error)) => tracing::debug!(?peer, %error, "TLS handshake failed"),
        Err(_) => tracing::debug!(?peer, "TLS handshake took too long"),
    }
    if shared.room.available_permits() == 0 {
        // There is room again: the next time is worth another word.
        shared.complained.store(false, Ordering::Relaxed);
    }
}
