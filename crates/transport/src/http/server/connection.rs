//! One connection: handshake, protocol, timeouts, shutdown.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::Service;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use super::{Handler, Peer, Shared, request};
use crate::grpc::{CONNECTION_WINDOW, MAX_FRAME, MAX_HEADERS, STREAM_WINDOW};
use crate::http::body::Whole;
use crate::io::{Activity, Io, Socket};
use crate::serving::Stop;

/// The start of an HTTP/2 connection, as far as it tells it from HTTP/1.
const HTTP2_START: &[u8] = b"PRI * HTTP/2";
/// The first byte of a TLS handshake record.
const TLS_RECORD: u8 = 0x16;
/// How long headers may take where the settings have no limit: against clients that send a byte
/// a minute for ever.
const HEADER_PATIENCE: Duration = Duration::from_secs(120);

pub(super) async fn serve<H: Handler>(
    server: Arc<Shared<H>>,
    socket: Socket,
    address: Option<SocketAddr>,
    mut stop: Stop,
) {
    let peer = Peer { address };
    let options = &server.options;
    let opened = tokio::select! {
        opened = open(&server, socket, peer) => opened,
        () = stop.wait_for_beginners() => None,
    };
    let Some((io, http2)) = opened else { return };
    let activity = io.activity();
    let state = Arc::new(State::default());
    let service = Requests {
        server: Arc::clone(&server),
        peer,
        state: Arc::clone(&state),
    };
    let watch = Watch::new(options, state, activity);
    let io = TokioIo::new(io);
    if http2 {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_frame_size(MAX_FRAME)
            .max_header_list_size(MAX_HEADERS);
        drive(builder.serve_connection(io, service), watch, stop, peer).await;
    } else {
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            // The watch does it: this one would also end idle connections.
            .header_read_timeout(None)
            .keep_alive(options.keep_alive);
        drive(builder.serve_connection(io, service), watch, stop, peer).await;
    }
}

/// TLS handshake and protocol check; says whether the client speaks HTTP/2.
async fn open<H>(server: &Shared<H>, socket: Socket, peer: Peer) -> Option<(Io, bool)> {
    let patience = server.options.handshake_timeout;
    let mut io = match timeout(patience, server.acceptor.accept(socket)).await {
        Ok(Ok(io)) => io,
        Ok(Err(error)) => {
            tracing::debug!(peer = ?peer.address, %error, "TLS handshake failed");
            return None;
        }
        Err(_) => {
            tracing::debug!(peer = ?peer.address, "client did not finish the TLS handshake in time");
            return None;
        }
    };
    let http2 = protocol(&mut io, server, peer).await?;
    Some((io, http2))
}

/// Whether the client begins with HTTP/2; `None` if it is gone or speaks something else.
async fn protocol<H>(io: &mut Io, server: &Shared<H>, peer: Peer) -> Option<bool> {
    if let Some(protocol) = io.alpn() {
        return Some(protocol == b"h2");
    }
    let agrees = |seen: &[u8]| HTTP2_START.starts_with(&seen[..seen.len().min(HTTP2_START.len())]);
    let decided = |seen: &[u8]| !agrees(seen) || seen.len() >= HTTP2_START.len();
    let peeking = io.peek(decided);
    // Who says nothing at all is an idle connection.
    let patience = server
        .options
        .read_header_timeout
        .or(server.options.idle_timeout);
    let peeked = match patience {
        Some(patience) => timeout(patience, peeking).await.ok()?,
        None => peeking.await,
    };
    match peeked {
        Ok([]) | Err(_) => None,
        Ok([TLS_RECORD, ..]) => {
            tracing::warn!(
                peer = ?peer.address,
                "client speaks TLS on a plaintext HTTP port: set `tls` here or write http:// there"
            );
            None
        }
        Ok(seen) => Some(agrees(seen)),
    }
}

/// What the requests of a connection and its watch know of each other.
#[derive(Default)]
struct State {
    open: AtomicUsize,
    /// How many there have been.
    begun: AtomicUsize,
    /// When the oldest open request had arrived.
    since: Mutex<Option<Instant>>,
}

impl State {
    fn begin(self: &Arc<Self>) -> Open {
        self.begun.fetch_add(1, Ordering::Relaxed);
        if self.open.fetch_add(1, Ordering::Relaxed) == 0 {
            *self.since.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        Open(Arc::clone(self))
    }
}

/// An open request.
struct Open(Arc<State>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Requests<H> {
    server: Arc<Shared<H>>,
    peer: Peer,
    state: Arc<State>,
}

impl<H: Handler> Service<http::Request<Incoming>> for Requests<H> {
    type Response = http::Response<Whole<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: http::Request<Incoming>) -> Self::Future {
        let open = self.state.begin();
        let (server, peer) = (Arc::clone(&self.server), self.peer);
        Box::pin(async move {
            let answer = request::answer(server, peer, request).await;
            drop(open);
            Ok(answer)
        })
    }
}

/// A connection of either protocol.
trait Connection: Future<Output = hyper::Result<()>> {
    fn go_away(self: Pin<&mut Self>);
}

impl<H: Handler> Connection for http1::Connection<TokioIo<Io>, Requests<H>> {
    fn go_away(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<H: Handler> Connection for http2::Connection<TokioIo<Io>, Requests<H>, TokioExecutor> {
    fn go_away(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

async fn drive(connection: impl Connection, mut watch: Watch, mut stop: Stop, peer: Peer) {
    let mut connection = std::pin::pin!(connection);
    let mut stop = std::pin::pin!(stop.wait());
    let mut stopping = false;
    std::future::poll_fn(|cx| {
        if let Poll::Ready(result) = connection.as_mut().poll(cx) {
            if let Err(error) = result {
                tracing::debug!(peer = ?peer.address, error = %chain(&error), "connection failed");
            }
            return Poll::Ready(());
        }
        if !stopping && stop.as_mut().poll(cx).is_ready() {
            stopping = true;
            connection.as_mut().go_away();
            if connection.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
        }
        match watch.poll(cx) {
            Some(reason) => {
                tracing::debug!(peer = ?peer.address, reason, "closing the connection");
                Poll::Ready(())
            }
            None => Poll::Pending,
        }
    })
    .await;
}

/// hyper keeps the cause apart.
fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", chain(source)),
        None => error.to_string(),
    }
}

/// Whose turn it is on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The client may begin a request.
    Idle,
    /// It has begun one.
    Headers,
    /// A request is being read, handled or answered.
    Busy,
}

/// The timeouts of a connection: one timer, looked at when it fires.
struct Watch {
    state: Arc<State>,
    activity: Activity,
    header: Duration,
    write: Option<Duration>,
    idle: Option<Duration>,
    phase: Phase,
    /// How many requests had begun when the phase was found out.
    begun: usize,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Watch {
    fn new(options: &super::ServerOptions, state: Arc<State>, activity: Activity) -> Self {
        let header = options.read_header_timeout.unwrap_or(HEADER_PATIENCE);
        // A read timeout covers the body, too, and answering takes longer still.
        let write = options
            .write_timeout
            .map(|write| write.saturating_add(options.read_timeout.unwrap_or_default()));
        let mut watch = Self {
            state,
            activity,
            header,
            write,
            idle: options.idle_timeout,
            phase: Phase::Headers,
            begun: 0,
            sleep: None,
        };
        // The first bytes are there already.
        watch.arm(Some(header));
        watch
    }

    fn arm(&mut self, after: Option<Duration>) {
        let at = after.and_then(|after| Instant::now().checked_add(after));
        match (&mut self.sleep, at) {
            (Some(sleep), Some(at)) => sleep.as_mut().reset(at),
            (sleep, at) => *sleep = at.map(|at| Box::pin(sleep_until(at))),
        }
    }

    /// Why to close the connection, if it is time.
    fn poll(&mut self, cx: &mut Context<'_>) -> Option<&'static str> {
        let busy = self.state.open.load(Ordering::Relaxed) > 0;
        let begun = self.state.begun.load(Ordering::Relaxed);
        if begun != self.begun && !busy {
            // One came and went within a poll.
            self.phase = Phase::Busy;
        }
        self.begun = begun;
        match (busy, self.phase) {
            (true, Phase::Idle | Phase::Headers) => {
                self.phase = Phase::Busy;
                self.arm(self.write);
            }
            (false, Phase::Busy) => {
                self.phase = Phase::Idle;
                self.activity.take();
                // Without a limit on idling, a request that has begun is looked for now and
                // then.
                self.arm(Some(self.idle.unwrap_or(HEADER_PATIENCE)));
            }
            _ => {}
        }
        loop {
            if self.sleep.as_mut()?.as_mut().poll(cx).is_pending() {
                return None;
            }
            match self.phase {
                Phase::Idle if self.activity.take() => {
                    self.phase = Phase::Headers;
                    self.arm(Some(self.header));
                }
                Phase::Idle if self.idle.is_none() => self.arm(Some(HEADER_PATIENCE)),
                Phase::Idle => return Some("idle_timeout"),
                Phase::Headers => return Some("read_header_timeout"),
                Phase::Busy => {
                    // Requests of an HTTP/2 connection overlap; only the newest idle moment
                    // resets the start.
                    let since = *self
                        .state
                        .since
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner);
                    let write = self.write?;
                    match since.map(|since| since.elapsed()) {
                        Some(elapsed) if elapsed < write => self.arm(Some(write - elapsed)),
                        _ => return Some("write_timeout"),
                    }
                }
            }
        }
    }
}
