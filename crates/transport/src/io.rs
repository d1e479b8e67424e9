//! The byte stream under a connection: TCP or a Unix socket, perhaps with TLS around it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

/// A socket without TLS.
#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

#[derive(Debug)]
enum Wire {
    Plain(Socket),
    #[cfg(feature = "tls")]
    Tls(Box<tokio_rustls::TlsStream<Socket>>),
    #[cfg(feature = "fuzzing")]
    Memory(tokio::io::DuplexStream),
}

/// Whether bytes have arrived since somebody asked last; shared with a keepalive timer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Activity(Arc<AtomicBool>);

impl Activity {
    #[cfg(test)]
    pub(crate) fn mark(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether bytes arrived since the last call.
    pub(crate) fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

/// A connected stream.
#[derive(Debug)]
pub(crate) struct Io {
    /// Bytes read while the protocol was being found out; handed out first.
    replay: Bytes,
    wire: Wire,
    activity: Activity,
}

impl Io {
    pub(crate) fn plain(socket: Socket) -> Self {
        Self {
            replay: Bytes::new(),
            wire: Wire::Plain(socket),
            activity: Activity::default(),
        }
    }

    #[cfg(feature = "tls")]
    pub(crate) fn tls(stream: tokio_rustls::TlsStream<Socket>) -> Self {
        let wire = Wire::Tls(Box::new(stream));
        Self {
            replay: Bytes::new(),
            wire,
            activity: Activity::default(),
        }
    }

    #[cfg(feature = "fuzzing")]
    pub(crate) fn memory(stream: tokio::io::DuplexStream) -> Self {
        Self {
            replay: Bytes::new(),
            wire: Wire::Memory(stream),
            activity: Activity::default(),
        }
    }

    /// The application protocol that a TLS handshake agreed on.
    pub(crate) fn alpn(&self) -> Option<&[u8]> {
        match &self.wire {
            Wire::Plain(_) => None,
            #[cfg(feature = "fuzzing")]
            Wire::Memory(_) => None,
            #[cfg(feature = "tls")]
            Wire::Tls(stream) => stream.get_ref().1.alpn_protocol(),
        }
    }

    pub(crate) const fn is_tls(&self) -> bool {
        #[cfg(feature = "tls")]
        return matches!(self.wire, Wire::Tls(_));
        #[cfg(not(feature = "tls"))]
        return false;
    }

    pub(crate) fn activity(&self) -> Activity {
        self.activity.clone()
    }

    /// Drops the first `count` of the bytes that were peeked at.
    pub(crate) fn skip(&mut self, count: usize) {
        self.replay.advance(count.min(self.replay.len()));
    }

    /// Reads until `wanted` says that it has seen enough or the peer stops sending; the bytes
    /// stay readable. At most 64 bytes are looked at.
    ///
    /// # Cancel safety
    /// Bytes already read stay readable only if the call completes.
    pub(crate) async fn peek(&mut self, wanted: impl Fn(&[u8]) -> bool) -> io::Result<&[u8]> {
        let mut seen = Vec::with_capacity(64);
        loop {
            let mut room = (&mut *self).take(64 - seen.len() as u64);
            let read = room.read_buf(&mut seen).await?;
            if read == 0 || seen.len() == 64 || wanted(&seen) {
                self.replay = Bytes::from(seen);
                return Ok(&self.replay);
            }
        }
    }
}

impl AsyncRead for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.replay.is_empty() {
            let length = this.replay.len().min(buf.remaining());
            buf.put_slice(&this.replay[..length]);
            this.replay.advance(length);
            return Poll::Ready(Ok(()));
        }
        let result = ready!(match &mut this.wire {
            Wire::Plain(socket) => Pin::new(socket).poll_read(cx, buf),
            #[cfg(feature = "tls")]
            Wire::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
            #[cfg(feature = "fuzzing")]
            Wire::Memory(stream) => Pin::new(stream).poll_read(cx, buf),
        });
        this.activity.0.store(true, Ordering::Relaxed);
        Poll::Ready(result)
    }
}

/// Delegates a write call to whatever the stream is made of.
macro_rules! delegate {
    ($self:ident, $call:ident ( $($argument:expr),* )) => {
        match &mut $self.get_mut().wire {
            Wire::Plain(socket) => Pin::new(socket).$call($($argument),*),
            #[cfg(feature = "tls")]
            Wire::Tls(stream) => Pin::new(stream).$call($($argument),*),
            #[cfg(feature = "fuzzing")]
            Wire::Memory(stream) => Pin::new(stream).$call($($argument),*),
        }
    };
}

impl AsyncWrite for Io {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        delegate!(self, poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        delegate!(self, poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.wire {
            Wire::Plain(socket) => socket.is_write_vectored(),
            #[cfg(feature = "tls")]
            Wire::Tls(stream) => stream.is_write_vectored(),
            #[cfg(feature = "fuzzing")]
            Wire::Memory(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate!(self, poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate!(self, poll_shutdown(cx))
    }
}

macro_rules! delegate_socket {
    ($self:ident, $call:ident ( $($argument:expr),* )) => {
        match $self.get_mut() {
            Socket::Tcp(stream) => Pin::new(stream).$call($($argument),*),
            #[cfg(unix)]
            Socket::Unix(stream) => Pin::new(stream).$call($($argument),*),
        }
    };
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        delegate_socket!(self, poll_read(cx, buf))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        delegate_socket!(self, poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        delegate_socket!(self, poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate_socket!(self, poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate_socket!(self, poll_shutdown(cx))
    }
}
