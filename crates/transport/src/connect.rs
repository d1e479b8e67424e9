//! Opening connections: name resolution, TCP or Unix socket, TLS.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;
use tokio::net::TcpStream;

use crate::io::{Io, Socket};
use crate::listen::set_nodelay;

/// How long connecting may take, TLS included. Source: gRPC, "Connection Backoff Protocol",
/// MIN_CONNECT_TIMEOUT.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// Where to connect to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Address {
    Tcp(SocketAddr),
    #[cfg_attr(not(unix), expect(dead_code, reason = "refused when dialled"))]
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

/// Why there is no connection.
#[derive(Debug, Error)]
pub(crate) enum ConnectError {
    #[error("cannot resolve {name}: {error}")]
    Resolve { name: String, error: io::Error },
    #[error("connect to {address}: {error}")]
    Connect { address: Address, error: io::Error },
    #[error("TLS handshake with {address}: {error}{}", tls_hint(.error))]
    #[cfg_attr(
        not(feature = "tls"),
        expect(dead_code, reason = "there is no TLS to fail")
    )]
    Tls { address: Address, error: io::Error },
    #[error("connect to {address}: no answer within {} s", CONNECT_TIMEOUT.as_secs())]
    Timeout { address: Address },
    #[error("{address} did not agree to HTTP/2 in the TLS handshake: is this a gRPC port?")]
    Alpn { address: Address },
    #[error("{address} does not speak HTTP/2: is this a gRPC port, and is `tls` right? ({error})")]
    NotHttp2 { address: Address, error: String },
}

fn tls_hint(error: &io::Error) -> &'static str {
    let text = error.to_string();
    if text.contains("InvalidContentType") || text.contains("corrupt message") {
        " (the server answers in plaintext: set `tls::insecure: true` if that is intended)"
    } else if text.contains("UnknownIssuer") {
        " (its certificate is signed by nobody known here: set `tls::ca_file`)"
    } else if text.contains("NotValidForName") {
        " (its certificate is for another name: set `tls::server_name_override`)"
    } else {
        ""
    }
}

/// Opens connections as a client is configured.
#[derive(Clone, Default)]
pub(crate) struct Connector {
    #[cfg(feature = "tls")]
    tls: Option<std::sync::Arc<crate::tls::ClientTls>>,
}

impl Connector {
    #[cfg(feature = "tls")]
    pub(crate) fn tls(tls: std::sync::Arc<crate::tls::ClientTls>) -> Self {
        Self { tls: Some(tls) }
    }

    pub(crate) const fn is_tls(&self) -> bool {
        #[cfg(feature = "tls")]
        return self.tls.is_some();
        #[cfg(not(feature = "tls"))]
        false
    }

    /// Connects to `address`; `server_name` is what its certificate must be for.
    pub(crate) async fn dial(
        &self,
        address: &Address,
        server_name: &str,
        alpn: Alpn,
    ) -> Result<Io, ConnectError> {
        let dialled = tokio::time::timeout(CONNECT_TIMEOUT, async {
            let socket = open(address).await.map_err(|error| ConnectError::Connect {
                address: address.clone(),
                error,
            })?;
            self.secure(socket, address, server_name, alpn).await
        });
        dialled.await.unwrap_or_else(|_| {
            Err(ConnectError::Timeout {
                address: address.clone(),
            })
        })
    }

    #[cfg(feature = "tls")]
    async fn secure(
        &self,
        socket: Socket,
        address: &Address,
        server_name: &str,
        alpn: Alpn,
    ) -> Result<Io, ConnectError> {
        let Some(tls) = &self.tls else {
            return Ok(Io::plain(socket));
        };
        let connected = tls.connect(socket, server_name, alpn).await;
        connected.map(Io::tls).map_err(|error| ConnectError::Tls {
            address: address.clone(),
            error,
        })
    }

    #[cfg(not(feature = "tls"))]
    #[expect(clippy::unused_async, reason = "it waits where there is TLS")]
    async fn secure(
        &self,
        socket: Socket,
        _address: &Address,
        _server_name: &str,
        _alpn: Alpn,
    ) -> Result<Io, ConnectError> {
        Ok(Io::plain(socket))
    }
}

/// Which application protocols a TLS client offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "tls"),
    expect(dead_code, reason = "nobody offers anything")
)]
pub(crate) enum Alpn {
    /// HTTP/2 only: gRPC.
    Http2,
    /// HTTP/2 and HTTP/1.1.
    Either,
    /// HTTP/1.1 only.
    Http1,
}

/// The addresses of a name, in the order of the system's resolver.
pub(crate) async fn resolve(name: &str, port: u16) -> Result<Vec<SocketAddr>, ConnectError> {
    // Literals need no resolver thread.
    if let Ok(address) = name.parse() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let failed = |error| ConnectError::Resolve {
        name: name.to_owned(),
        error,
    };
    let found: Vec<_> = tokio::net::lookup_host((name, port))
        .await
        .map_err(failed)?
        .collect();
    if found.is_empty() {
        return Err(failed(io::Error::new(
            io::ErrorKind::NotFound,
            "the name has no address",
        )));
    }
    Ok(found)
}

async fn open(address: &Address) -> io::Result<Socket> {
    match address {
        Address::Tcp(address) => {
            let stream = TcpStream::connect(address).await?;
            set_nodelay(&stream);
            Ok(Socket::Tcp(stream))
        }
        #[cfg(unix)]
        Address::Unix(path) => tokio::net::UnixStream::connect(path)
            .await
            .map(Socket::Unix),
        #[cfg(not(unix))]
        Address::Unix(_) => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "this system has no Unix sockets",
        )),
    }
}
