//! Listening sockets: TCP, one per worker on the same port, and Unix sockets.

mod handover;

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::{Path, PathBuf};

use headwater_core::config::Config;
use socket2::{Domain, Protocol, Type};
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};

use crate::io::Socket;

use handover::{Turn, WeakTurn};

pub use handover::Listeners;

/// Connections that may wait to be accepted; the kernel caps it at `net.core.somaxconn`.
const BACKLOG: i32 = 4096;

/// Which address family, and what kind of address, a listener is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Config)]
pub enum Transport {
    /// TCP over IPv4 or IPv6, whatever the address is.
    #[default]
    Tcp,
    /// TCP over IPv4 only.
    Tcp4,
    /// TCP over IPv6 only.
    Tcp6,
    /// A Unix stream socket; the endpoint is its path.
    Unix,
}

/// Where a listener listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocalAddr {
    /// An IP address and port; never port 0.
    Tcp(SocketAddr),
    /// The path of a Unix socket.
    Unix(PathBuf),
}

impl LocalAddr {
    /// The address, unless it is a Unix socket.
    #[must_use]
    pub const fn tcp(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) => Some(*address),
            Self::Unix(_) => None,
        }
    }
}

impl fmt::Display for LocalAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

/// Why a server cannot listen.
#[derive(Debug, Error)]
#[error("listen on {endpoint}{}", hint(.source))]
pub struct ListenError {
    endpoint: String,
    source: io::Error,
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            " (another process, or another receiver of this configuration, has it: change one of \
             the two endpoints or stop the other process)"
        }
        io::ErrorKind::AddrNotAvailable => {
            " (this host has no such address: write 0.0.0.0 for all interfaces)"
        }
        io::ErrorKind::PermissionDenied => {
            " (ports below 1024 need the capability CAP_NET_BIND_SERVICE)"
        }
        io::ErrorKind::InvalidInput => {
            " (write host:port, for example localhost:4317 or 0.0.0.0:4317)"
        }
        _ => "",
    }
}

impl ListenError {
    /// The kind of the cause, for example `AddrInUse`.
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }
}

/// A bound socket that is not yet served.
///
/// Binding needs no runtime; [`Listener`]s made from it belong to the runtime that serves them.
#[derive(Debug)]
pub struct Bound {
    sockets: Sockets,
    address: LocalAddr,
    turn: Option<Turn>,
}

#[derive(Debug)]
enum Sockets {
    /// One per worker.
    Tcp(Vec<std::net::TcpListener>),
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixListener),
}

impl Sockets {
    /// Other handles of the same sockets.
    fn try_clone(&self) -> io::Result<Self> {
        match self {
            Self::Tcp(sockets) => {
                let copies: io::Result<_> = sockets.iter().map(|one| one.try_clone()).collect();
                copies.map(Self::Tcp)
            }
            #[cfg(unix)]
            Self::Unix(socket) => socket.try_clone().map(Self::Unix),
        }
    }

    /// Whether they can be served by as many workers.
    fn fit(&self, workers: usize) -> bool {
        match self {
            Self::Tcp(sockets) => sockets.len() == workers.max(1),
            #[cfg(unix)]
            Self::Unix(_) => true,
        }
    }
}

/// Binds `endpoint` once per worker.
///
/// With several workers every one gets a socket of its own on the same port and the kernel
/// spreads connections. Port 0 is resolved by the first. A Unix socket is shared by the workers;
/// a stale socket file is removed first.
///
/// Within [`Listeners::scope`], sockets of the predecessor on the same address are used further.
///
/// # Errors
/// [`ListenError`], which says what to do.
pub fn bind(transport: Transport, endpoint: &str, workers: usize) -> Result<Bound, ListenError> {
    let failed = |source| ListenError {
        endpoint: endpoint.to_owned(),
        source,
    };
    let address = match transport {
        Transport::Unix => LocalAddr::Unix(endpoint.into()),
        _ => LocalAddr::Tcp(resolve(transport, endpoint).map_err(failed)?),
    };
    if let Some(bound) = handover::inherit(&address, workers) {
        return Ok(bound);
    }
    let mut bound = match address {
        LocalAddr::Unix(path) => bind_unix(&path),
        LocalAddr::Tcp(address) => bind_workers(address, workers),
    }
    .map_err(failed)?;
    handover::remember(&mut bound).map_err(failed)?;
    Ok(bound)
}

/// Binds a UDP socket, which belongs to no runtime yet.
///
/// # Errors
/// [`ListenError`], which says what to do.
pub fn bind_udp(endpoint: &str) -> Result<std::net::UdpSocket, ListenError> {
    let bind = || {
        let address = resolve(Transport::Tcp, endpoint)?;
        let socket = std::net::UdpSocket::bind(address)?;
        socket.set_nonblocking(true)?;
        Ok(socket)
    };
    bind().map_err(|source| ListenError {
        endpoint: endpoint.to_owned(),
        source,
    })
}

fn bind_workers(address: SocketAddr, workers: usize) -> io::Result<Bound> {
    let shared = workers > 1;
    if shared && address.port() != 0 {
        // Sockets that share a port would share it with a stranger's of the same user, too; one
        // that does not share finds out.
        drop(bind_tcp(address, false)?);
    }
    let first = bind_tcp(address, shared)?;
    let address = first.local_addr()?;
    let mut sockets = vec![first];
    for _ in 1..workers {
        sockets.push(bind_tcp(address, shared)?);
    }
    Ok(Bound {
        sockets: Sockets::Tcp(sockets),
        address: LocalAddr::Tcp(address),
        turn: None,
    })
}

impl Bound {
    /// Where it listens.
    #[must_use]
    pub const fn local_addr(&self) -> &LocalAddr {
        &self.address
    }

    /// Splits into one [`Unserved`] per worker, in the order of workers.
    ///
    /// # Errors
    /// [`ListenError`] if the handle of a Unix socket cannot be copied.
    pub fn split(self, workers: usize) -> Result<Vec<Unserved>, ListenError> {
        let (address, turn) = (self.address, self.turn);
        let unserved = |kind| Unserved {
            kind,
            address: address.clone(),
            turn: turn.clone(),
        };
        match self.sockets {
            Sockets::Tcp(sockets) => Ok(sockets.into_iter().map(Kind::Tcp).map(unserved).collect()),
            #[cfg(unix)]
            Sockets::Unix(socket) => {
                let copies =
                    (0..workers.max(1)).map(|_| Ok(unserved(Kind::Unix(socket.try_clone()?))));
                let copies: io::Result<Vec<_>> = copies.collect();
                copies.map_err(|source| ListenError {
                    endpoint: address.to_string(),
                    source,
                })
            }
        }
    }

    /// Removes the file of a Unix socket later.
    pub(crate) fn cleanup(&self) -> Cleanup {
        Cleanup {
            address: self.address.clone(),
            turn: self.turn.as_ref().map(Turn::downgrade),
        }
    }
}

/// What is left to do once nobody listens any more. Holds no socket.
#[derive(Debug)]
pub(crate) struct Cleanup {
    address: LocalAddr,
    turn: Option<WeakTurn>,
}

impl Cleanup {
    /// Where it was listened.
    pub(crate) const fn local_addr(&self) -> &LocalAddr {
        &self.address
    }

    /// Removes the file of a Unix socket, unless somebody else listens there now.
    pub(crate) fn run(self) {
        if self.turn.is_some_and(|turn| turn.is_passed_on()) {
            return;
        }
        if let LocalAddr::Unix(path) = &self.address
            && let Err(error) = std::fs::remove_file(path)
        {
            tracing::debug!(path = %path.display(), %error, "cannot remove the socket file");
        }
    }
}

#[derive(Debug)]
enum Kind {
    Tcp(std::net::TcpListener),
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixListener),
}

/// One worker's bound socket, not yet tied to a runtime.
#[derive(Debug)]
pub struct Unserved {
    kind: Kind,
    address: LocalAddr,
    turn: Option<Turn>,
}

impl Unserved {
    /// Ties the socket to the runtime of the caller.
    ///
    /// # Errors
    /// [`ListenError`] if the runtime cannot watch the socket.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn into_listener(self) -> Result<Listener, ListenError> {
        let endpoint = self.address.to_string();
        let failed = |source| ListenError { endpoint, source };
        let inner = match self.kind {
            Kind::Tcp(socket) => TcpListener::from_std(socket).map(Inner::Tcp),
            #[cfg(unix)]
            Kind::Unix(socket) => tokio::net::UnixListener::from_std(socket).map(Inner::Unix),
        };
        Ok(Listener {
            inner: inner.map_err(failed)?,
            address: self.address,
            turn: self.turn,
        })
    }
}

#[derive(Debug)]
enum Inner {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(tokio::net::UnixListener),
}

/// Accepts connections on the runtime that created it.
#[derive(Debug)]
pub struct Listener {
    inner: Inner,
    address: LocalAddr,
    turn: Option<Turn>,
}

impl Listener {
    /// Where it listens.
    #[must_use]
    pub const fn local_addr(&self) -> &LocalAddr {
        &self.address
    }

    /// The next connection. Waits as long as the sockets are somebody else's.
    pub(crate) async fn accept(&self) -> io::Result<(Socket, Option<SocketAddr>)> {
        let Some(turn) = &self.turn else {
            return self.accept_now().await;
        };
        let mut turn = turn.watch();
        loop {
            turn.begin().await;
            tokio::select! {
                biased;
                () = turn.end() => {}
                accepted = self.accept_now() => return accepted,
            }
        }
    }

    async fn accept_now(&self) -> io::Result<(Socket, Option<SocketAddr>)> {
        match &self.inner {
            Inner::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                set_nodelay(&stream);
                Ok((Socket::Tcp(stream), Some(peer)))
            }
            #[cfg(unix)]
            Inner::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                Ok((Socket::Unix(stream), None))
            }
        }
    }
}

/// Answers are small and waited for. A socket that cannot do it works all the same.
pub(crate) fn set_nodelay(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
}

fn resolve(transport: Transport, endpoint: &str) -> io::Result<SocketAddr> {
    // Upstream allows ":4317" for all interfaces.
    let all = match transport {
        Transport::Tcp4 => "0.0.0.0",
        _ => "[::]",
    };
    let with_host = endpoint
        .strip_prefix(':')
        .map(|port| format!("{all}:{port}"));
    let addresses = with_host.as_deref().unwrap_or(endpoint).to_socket_addrs()?;
    let mut fitting: Vec<SocketAddr> = addresses
        .filter(|address| match transport {
            Transport::Tcp4 => address.is_ipv4(),
            Transport::Tcp6 => address.is_ipv6(),
            _ => true,
        })
        .collect();
    // "localhost" means 127.0.0.1 to most clients; Go listens there first, too.
    fitting.sort_by_key(SocketAddr::is_ipv6);
    fitting.first().copied().ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::AddrNotAvailable,
            "the name has no address of this family",
        )
    })
}

fn bind_tcp(address: SocketAddr, shared: bool) -> io::Result<std::net::TcpListener> {
    let socket = socket2::Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // On Windows the option would let another process take the port over.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    if address.is_ipv6() && address.ip().is_unspecified() {
        // As Go: "[::]" takes IPv4 clients, too.
        socket.set_only_v6(false)?;
    }
    #[cfg(unix)]
    if shared {
        socket.set_reuse_port(true)?;
    }
    #[cfg(not(unix))]
    let _ = shared;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

#[cfg(unix)]
fn bind_unix(path: &Path) -> io::Result<Bound> {
    use std::os::unix::net::{UnixListener, UnixStream};

    // A socket file without a listener is what a killed process leaves behind.
    if UnixStream::connect(path).is_err_and(|e| e.kind() == io::ErrorKind::ConnectionRefused) {
        std::fs::remove_file(path)?;
    }
    let socket = UnixListener::bind(path)?;
    socket.set_nonblocking(true)?;
    let address = LocalAddr::Unix(path.to_owned());
    Ok(Bound {
        sockets: Sockets::Unix(socket),
        address,
        turn: None,
    })
}

#[cfg(not(unix))]
fn bind_unix(_path: &Path) -> io::Result<Bound> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "this system has no Unix sockets",
    ))
}

/// The warning for a server that listens on the loopback address inside a container, where only
/// the pod itself can reach it; `None` when nothing is wrong.
///
/// `key` is the configuration key of the endpoint, for the text.
#[must_use]
pub fn container_hint(address: &LocalAddr, key: &str) -> Option<String> {
    let address = address.tcp().filter(|address| address.ip().is_loopback())?;
    in_container().then(|| only_this_pod(address, key))
}

fn only_this_pod(address: SocketAddr, key: &str) -> String {
    format!(
        "Only this pod can send to {address}: write `{key}: 0.0.0.0:{}` if others are to",
        address.port()
    )
}

fn in_container() -> bool {
    std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() || Path::new("/.dockerenv").exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_0_is_the_same_port_for_every_worker() {
        let bound = bind(Transport::Tcp, "127.0.0.1:0", 3).unwrap();
        let address = bound.local_addr().clone();
        assert_ne!(address.tcp().unwrap().port(), 0);
        let listeners = bound.split(3).unwrap();
        assert_eq!(listeners.len(), 3);
        assert!(listeners.iter().all(|listener| listener.address == address));
    }

    #[test]
    fn a_port_already_taken_is_named_with_what_to_do() {
        let taken = bind(Transport::Tcp, "127.0.0.1:0", 1).unwrap();
        let endpoint = taken.local_addr().to_string();
        let error = bind(Transport::Tcp, &endpoint, 1).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        assert!(
            error
                .to_string()
                .starts_with(&format!("listen on {endpoint}")),
            "{error}"
        );
        drop(taken);
        let shared = bind(Transport::Tcp, &endpoint, 2).unwrap();
        let error = bind(Transport::Tcp, &endpoint, 2).unwrap_err();
        assert_eq!(
            error.kind(),
            io::ErrorKind::AddrInUse,
            "workers share with strangers"
        );
        drop(shared);
    }

    #[test]
    fn an_endpoint_without_a_port_says_what_to_write() {
        let error = bind(Transport::Tcp, "localhost", 1).unwrap_err();
        assert!(error.to_string().contains("host:port"), "{error}");
    }

    #[test]
    fn a_family_without_such_an_address_is_an_error() {
        assert!(bind(Transport::Tcp6, "127.0.0.1:0", 1).is_err());
        assert!(bind(Transport::Tcp4, "localhost:0", 1).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn a_stale_socket_file_is_replaced_and_a_living_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("in.sock");
        let path = path.to_str().unwrap();
        let first = bind(Transport::Unix, path, 2).unwrap();
        assert_eq!(
            bind(Transport::Unix, path, 1).unwrap_err().kind(),
            io::ErrorKind::AddrInUse
        );
        drop(first);
        assert!(bind(Transport::Unix, path, 1).is_ok());
    }

    #[test]
    fn only_loopback_addresses_are_warned_about() {
        let open = LocalAddr::Tcp(([0, 0, 0, 0], 4317).into());
        assert_eq!(container_hint(&open, "endpoint"), None);
        assert_eq!(
            only_this_pod(([127, 0, 0, 1], 4317).into(), "a::endpoint"),
            "Only this pod can send to 127.0.0.1:4317: write `a::endpoint: 0.0.0.0:4317` if others are to"
        );
    }
}
