//! From an accepted socket to a stream ready for a protocol: errors, TLS handshake.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::io::{Io, Socket};
use crate::listen::Listener;
use crate::serving::Stop;

/// The wait after a failed accept. Out of descriptors is the usual cause; trying at once would
/// burn a CPU until one is free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections until `stop`, gives each to `serve` on a task of its own, and returns when
/// all of these have ended. Dropping the future ends them at once.
pub(crate) async fn run<F, S>(listener: Listener, mut stop: Stop, serve: S)
where
    S: Fn(Socket, Option<SocketAddr>, Stop) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let mut connections = JoinSet::new();
    let stopping = stop.clone();
    let mut stopped = std::pin::pin!(stop.wait());
    loop {
        tokio::select! {
            biased;
            () = &mut stopped => break,
            (socket, peer) = next(&listener) => {
                connections.spawn(serve(socket, peer, stopping.clone()));
            }
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// The next connection. Never fails: what fails is logged and tried again.
async fn next(listener: &Listener) -> (Socket, Option<SocketAddr>) {
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

    pub(crate) async fn accept(&self, socket: Socket) -> io::Result<Io> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            return tls.accept(socket).await.map(Io::tls);
        }
        Ok(Io::plain(socket))
    }
}
