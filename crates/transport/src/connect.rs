//! Opening connections: name resolution, TCP or Unix socket, TLS.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use headwater_core::rpc::Code;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::http::{Proxies, Url};
use crate::io::{Io, Socket};
use crate::listen::set_nodelay;
use crate::status::Status;

/// How long connecting may take, TLS included. Source: gRPC, "Connection Backoff Protocol",
/// MIN_CONNECT_TIMEOUT.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// Where to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    Tcp(SocketAddr),
    /// Through a proxy, which resolves the name.
    Tunnel {
        proxy: Box<Url>,
        host: String,
        port: u16,
    },
    #[cfg_attr(not(unix), expect(dead_code, reason = "refused when dialled"))]
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Tunnel { proxy, host, port } => {
                write!(f, "{host}:{port} through the proxy {}", proxy.authority())
            }
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
    #[error("connect to {address}: the proxy answered {answer}")]
    Proxy { address: Address, answer: String },
    #[error("TLS handshake with {address}: {error}{}", tls_hint(.error))]
    #[cfg_attr(
        not(feature = "tls"),
        expect(dead_code, reason = "there is no TLS to fail")
    )]
    Tls { address: Address, error: io::Error },
    #[error("{0}")]
    Protocol(String),
    #[error("this binary was built without TLS, so https is not possible")]
    NoTls,
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
    } else if text.contains("UnknownIssuer") || text.contains("BadSignature") {
        " (its certificate is signed by nobody known here: set `tls::ca_file`)"
    } else if text.contains("not valid for name") {
        " (its certificate is for another name: set `tls::server_name_override`)"
    } else {
        ""
    }
}

/// Opens connections as a client is configured: TLS and proxies. The default has neither.
#[derive(Clone, Default)]
pub struct Connector {
    #[cfg(feature = "tls")]
    tls: Option<std::sync::Arc<crate::tls::ClientTls>>,
    /// For connections that are opened by name.
    proxies: Proxies,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector")
            .field("tls", &self.is_tls())
            .finish_non_exhaustive()
    }
}

impl Connector {
    #[cfg(feature = "tls")]
    pub(crate) fn tls(tls: std::sync::Arc<crate::tls::ClientTls>) -> Self {
        Self {
            tls: Some(tls),
            proxies: Proxies::none(),
        }
    }

    /// The same through proxies.
    #[must_use]
    pub fn with_proxies(mut self, proxies: Proxies) -> Self {
        self.proxies = proxies;
        self
    }

    /// The same without TLS.
    pub(crate) fn plain(&self) -> Self {
        Self::default().with_proxies(self.proxies.clone())
    }

    /// The ways to a name: its addresses, or a tunnel if a proxy is to be used.
    pub(crate) async fn ways(&self, name: &str, port: u16) -> Result<Vec<Address>, ConnectError> {
        if let Some(proxy) = self.proxies.for_host(true, name, port) {
            let proxy = Box::new(proxy.clone());
            return Ok(vec![Address::Tunnel {
                proxy,
                host: name.to_owned(),
                port,
            }]);
        }
        Ok(resolve(name, port)
            .await?
            .into_iter()
            .map(Address::Tcp)
            .collect())
    }

    /// Connects to the host of `url` for HTTP/1.1, with TLS if its scheme asks for it and through a
    /// proxy if one is configured: for protocols that read an answer while it is being written.
    ///
    /// # Errors
    /// UNAVAILABLE, with what went wrong.
    pub async fn open(
        &self,
        url: &Url,
    ) -> Result<impl AsyncRead + AsyncWrite + Unpin + Send + 'static, Status> {
        let unavailable = |error: ConnectError| Status::new(Code::Unavailable, error.to_string());
        let plain;
        let connector = if url.is_tls() {
            self
        } else {
            plain = self.plain();
            &plain
        };
        let ways = connector.ways(url.host(), url.port()).await;
        let mut failed = None;
        for address in ways.map_err(unavailable)? {
            match connector.dial(&address, url.host(), Alpn::Http1).await {
                Ok(io) => return Ok(io),
                Err(error) => failed = Some(error),
            }
        }
        Err(failed.map_or_else(
            || Status::new(Code::Unavailable, "the name has no address"),
            unavailable,
        ))
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
            let socket = open(address).await?;
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
pub(crate) enum Alpn {
    /// HTTP/2 only: gRPC.
    Http2,
    /// HTTP/2 and HTTP/1.1.
    Either,
    /// HTTP/1.1 only.
    Http1,
}

/// The addresses of a name, in the order of the system's resolver.
async fn resolve(name: &str, port: u16) -> Result<Vec<SocketAddr>, ConnectError> {
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

async fn open(address: &Address) -> Result<Socket, ConnectError> {
    let failed = |error| ConnectError::Connect {
        address: address.clone(),
        error,
    };
    match address {
        Address::Tcp(address) => tcp(*address).await.map_err(failed),
        Address::Tunnel { proxy, host, port } => {
            let mut socket = open_name(proxy.host(), proxy.port()).await?;
            let answer = tunnel(&mut socket, proxy, host, *port)
                .await
                .map_err(failed)?;
            match answer {
                None => Ok(socket),
                Some(answer) => Err(ConnectError::Proxy {
                    address: address.clone(),
                    answer,
                }),
            }
        }
        #[cfg(unix)]
        Address::Unix(path) => tokio::net::UnixStream::connect(path)
            .await
            .map(Socket::Unix)
            .map_err(failed),
        #[cfg(not(unix))]
        Address::Unix(_) => {
            let text = "this system has no Unix sockets";
            Err(failed(io::Error::new(io::ErrorKind::Unsupported, text)))
        }
    }
}

async fn tcp(address: SocketAddr) -> io::Result<Socket> {
    let stream = TcpStream::connect(address).await?;
    set_nodelay(&stream);
    Ok(Socket::Tcp(stream))
}

/// Connects to the first address of a name that works.
pub(crate) async fn open_name(name: &str, port: u16) -> Result<Socket, ConnectError> {
    let mut last = None;
    for address in resolve(name, port).await? {
        match tcp(address).await {
            Ok(socket) => return Ok(socket),
            Err(error) => {
                last = Some(ConnectError::Connect {
                    address: Address::Tcp(address),
                    error,
                })
            }
        }
    }
    Err(last.unwrap_or_else(|| ConnectError::Resolve {
        name: name.to_owned(),
        error: io::Error::new(io::ErrorKind::NotFound, "the name has no address"),
    }))
}

/// Asks a proxy for a tunnel; `Some` is what it answered instead.
///
/// Source: RFC 9110, section 9.3.6.
async fn tunnel(
    socket: &mut Socket,
    proxy: &Url,
    host: &str,
    port: u16,
) -> io::Result<Option<String>> {
    /// Longer answers are no answers.
    const LONGEST: usize = 16 << 10;
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    let mut request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n");
    if let Some(value) = proxy.authorization().and_then(|value| value.to_str().ok()) {
        request.push_str(&format!("Proxy-Authorization: {value}\r\n"));
    }
    request.push_str(proxy.connect_headers());
    request.push_str("\r\n");
    socket.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    // Byte by byte: what follows the answer belongs to the tunnel.
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() >= LONGEST {
            return Err(io::Error::other("the proxy's answer has no end"));
        }
        answer.push(socket.read_u8().await?);
    }
    let line = answer
        .split(|byte| *byte == b'\r')
        .next()
        .unwrap_or_default();
    let line = String::from_utf8_lossy(line).into_owned();
    let granted = line
        .split(' ')
        .nth(1)
        .is_some_and(|status| status.starts_with('2'));
    Ok((!granted).then_some(line))
}
