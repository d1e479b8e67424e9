//! From an accepted socket to a stream ready for a protocol: errors, TLS handshake.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::io::{Io, Socket};
use crate::listen::Listener;

/// The wait after a failed accept. Out of descriptors is the usual cause; trying at once would
/// burn a CPU until one is free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The next connection. Never fails: what fails is logged and tried again.
pub(crate) async fn next(listener: &Listener) -> (Socket, Option<SocketAddr>) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_of_the_peer(&error) => {
                tracing::debug!(%error, "connection went away before it was accepted");
            }
            Err(error) => {
                tracing::warn!(%error, endpoint = %listener.local_addr(), "cannot accept connections");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_of_the_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

/// Turns sockets into streams; does TLS if the server is configured with it.
#[derive(Clone, Default)]
pub(crate) struct Acceptor {
    #[cfg(feature = "tls")]
    tls: Option<std::sync::Arc<crate::tls::ServerTls>>,
}

impl Acceptor {
    #[cfg(feature = "tls")]
    pub(crate) fn tls(tls: std::sync::Arc<crate::tls::ServerTls>) -> Self {
        Self { tls: Some(tls) }
    }

    /// Whether connections are encrypted.
    pub(crate) const fn is_tls(&self) -> bool {
        #[cfg(feature = "tls")]
        return self.tls.is_some();
        #[cfg(not(feature = "tls"))]
        false
    }

    pub(crate) async fn accept(&self, socket: Socket) -> io::Result<Io> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            return tls.accept(socket).await.map(Io::tls);
        }
        Ok(Io::plain(socket))
    }
}
