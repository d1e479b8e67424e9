//! One connection: handshake, requests, keepalive, age, shutdown.

use std::future::Future as _;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use h2::server::{Connection, SendResponse};
use tokio::io::AsyncWriteExt as _;
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use super::{Peer, Shared, UnaryHandler, call};
use crate::grpc::keepalive::{KeepAlive, Liveness};
use crate::grpc::{CONNECTION_WINDOW, MAX_FRAME, MAX_HEADERS, STREAM_WINDOW};
use crate::io::{Io, Socket};
use crate::serving::Stop;

/// The start of every HTTP/2 connection.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The first byte of a TLS handshake record.
const TLS_RECORD: u8 = 0x16;
/// How far ages are spread, so that clients that came together do not reconnect together.
const AGE_SPREAD: f64 = 0.1;

pub(super) async fn serve<H: UnaryHandler>(
    server: Arc<Shared<H>>,
    socket: Socket,
    address: Option<SocketAddr>,
    mut stop: Stop,
) {
    let peer = Peer { address };
    let options = &server.options;
    let opened = tokio::select! {
        opened = timeout(options.handshake_timeout, open(&server, socket, peer)) => opened,
        () = stop.wait() => return,
    };
    let connection = match opened {
        Ok(Some(connection)) => connection,
        Ok(None) => return,
        Err(_) => {
            tracing::debug!(peer = ?address, "client did not finish the handshake in time");
            return;
        }
    };
    let (connection, keepalive) = connection;
    let mut driver = Driver {
        connection,
        keepalive,
        timers: Timers::new(options),
        stopping: Stopping::No,
    };
    driver.run(&server, peer, stop).await;
}

type Opened = (Connection<Io, Bytes>, Option<KeepAlive>);

/// TLS, protocol check and HTTP/2 handshake.
async fn open<H: UnaryHandler>(server: &Shared<H>, socket: Socket, peer: Peer) -> Option<Opened> {
    let mut io = match server.acceptor.accept(socket).await {
        Ok(io) => io,
        Err(error) => {
            tracing::debug!(peer = ?peer.address, %error, "TLS handshake failed");
            return None;
        }
    };
    let looks_wrong = |seen: &[u8]| !PREFACE.starts_with(&seen[..seen.len().min(PREFACE.len())]);
    let enough = |seen: &[u8]| seen.len() >= 4 || looks_wrong(seen);
    match io.peek(enough).await {
        Ok([]) | Err(_) => return None,
        Ok(seen) if looks_wrong(seen) => {
            let tls = seen[0] == TLS_RECORD;
            refuse(server, &mut io, peer, tls).await;
            return None;
        }
        Ok(_) => {}
    }
    let activity = io.activity();
    let mut builder = h2::server::Builder::new();
    builder
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_frame_size(MAX_FRAME)
        .max_header_list_size(MAX_HEADERS);
    if server.options.max_concurrent_streams > 0 {
        builder.max_concurrent_streams(server.options.max_concurrent_streams);
    }
    match builder.handshake(io).await {
        Ok(mut connection) => {
            let options = &server.options;
            let (time, timeout) = (options.keepalive_time, options.keepalive_timeout);
            let keepalive = connection
                .ping_pong()
                .map(|pings| KeepAlive::new(time, timeout, pings, activity));
            Some((connection, keepalive))
        }
        Err(error) => {
            tracing::debug!(peer = ?peer.address, %error, "HTTP/2 handshake failed");
            None
        }
    }
}

/// Tells a client that it speaks the wrong protocol, in its own one where that is possible.
async fn refuse<H>(server: &Shared<H>, io: &mut Io, peer: Peer, tls: bool) {
    let hint = server.options.other_protocol_hint.as_deref();
    if tls {
        tracing::warn!(
            peer = ?peer.address,
            "client speaks TLS on a plaintext gRPC port: set `tls` here or `insecure: true` there"
        );
        return;
    }
    tracing::warn!(
        peer = ?peer.address,
        hint,
        "client speaks HTTP/1 on the gRPC port: it wants OTLP/HTTP, usually port 4318"
    );
    let separator = if hint.is_some() { "; " } else { "" };
    let text = format!(
        "this port speaks gRPC (HTTP/2) only{separator}{}\n",
        hint.unwrap_or_default()
    );
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
        text.len()
    );
    // The client may be gone already; there is nobody left to tell.
    if io.write_all(answer.as_bytes()).await.is_ok() && io.shutdown().await.is_ok() {
        drain(io).await;
    }
}

/// Reads what a client still sends. Closing a socket with unread bytes resets the connection,
/// and the reset can overtake the answer.
async fn drain(io: &mut Io) {
    use tokio::io::AsyncReadExt as _;
    const MOST: u64 = 64 << 10;
    const LONGEST: Duration = Duration::from_secs(1);
    let mut rest = Vec::new();
    let mut limited = io.take(MOST);
    let reading = limited.read_to_end(&mut rest);
    drop(timeout(LONGEST, reading).await);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stopping {
    No,
    /// The client has been asked to go away.
    Asked,
}

/// Idle and age limits: one timer, set for whichever is next.
struct Timers {
    idle: Option<Duration>,
    grace: Option<Duration>,
    /// When requests were last open.
    busy: Instant,
    age_ends: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
}

enum Due {
    GoAway(&'static str),
    Close,
}

impl Timers {
    fn new(options: &super::ServerOptions) -> Self {
        let now = Instant::now();
        let age_ends = options
            .max_connection_age
            .and_then(|age| now.checked_add(age.mul_f64(crate::jitter::around_one(AGE_SPREAD))));
        let mut timers = Self {
            idle: options.max_connection_idle,
            grace: options.max_connection_age_grace,
            busy: now,
            age_ends,
            sleep: None,
        };
        timers.arm();
        timers
    }

    fn arm(&mut self) {
        let idle_ends = self.idle.and_then(|idle| self.busy.checked_add(idle));
        let next = [idle_ends, self.age_ends].into_iter().flatten().min();
        match (&mut self.sleep, next) {
            (Some(sleep), Some(next)) => sleep.as_mut().reset(next),
            (sleep, next) => *sleep = next.map(|next| Box::pin(sleep_until(next))),
        }
    }

    /// `asked` says that the client has been asked to go away: what is due then is the end.
    fn poll(&mut self, cx: &mut Context<'_>, busy: bool, asked: bool) -> Option<Due> {
        loop {
            let sleep = self.sleep.as_mut()?;
            if sleep.as_mut().poll(cx).is_pending() {
                return None;
            }
            let now = Instant::now();
            if busy {
                self.busy = now;
            }
            if self.age_ends.is_some_and(|ends| ends <= now) {
                self.age_ends = None;
                if asked {
                    return Some(Due::Close);
                }
                self.idle = None;
                self.age_ends = self.grace.and_then(|grace| now.checked_add(grace));
                self.arm();
                return Some(Due::GoAway("max_connection_age"));
            }
            if self.idle.is_some_and(|idle| now >= self.busy + idle) {
                self.idle = None;
                self.arm();
                return Some(Due::GoAway("max_connection_idle"));
            }
            self.arm();
        }
    }
}

struct Driver {
    connection: Connection<Io, Bytes>,
    keepalive: Option<KeepAlive>,
    timers: Timers,
    stopping: Stopping,
}

impl Driver {
    /// Drives the connection and its requests on one task. That task flushes whatever the
    /// requests wrote since it last ran, so answers that are ready together leave in one write.
    async fn run<H: UnaryHandler>(&mut self, server: &Arc<Shared<H>>, peer: Peer, mut stop: Stop) {
        let mut calls = FuturesUnordered::new();
        let mut stop = std::pin::pin!(stop.wait());
        std::future::poll_fn(|cx| {
            loop {
                while let Poll::Ready(accepted) = self.connection.poll_accept(cx) {
                    match accepted {
                        Some(Ok((request, respond))) => {
                            let respond: SendResponse<Bytes> = respond;
                            calls.push(call::answer(Arc::clone(server), peer, request, respond));
                        }
                        Some(Err(error)) => {
                            tracing::debug!(peer = ?peer.address, %error, "connection failed");
                            return Poll::Ready(());
                        }
                        None => return Poll::Ready(()),
                    }
                }
                let mut progress = false;
                while let Poll::Ready(Some(())) = calls.poll_next_unpin(cx) {
                    progress = true;
                }
                if progress {
                    // Flush the answers before going to sleep.
                    continue;
                }
                if self.stopping == Stopping::No && stop.as_mut().poll(cx).is_ready() {
                    self.go_away("shutdown", peer);
                    continue;
                }
                let busy = !calls.is_empty();
                match self.timers.poll(cx, busy, self.stopping == Stopping::Asked) {
                    Some(Due::GoAway(reason)) => {
                        self.go_away(reason, peer);
                        continue;
                    }
                    Some(Due::Close) => return Poll::Ready(()),
                    None => {}
                }
                match self
                    .keepalive
                    .as_mut()
                    .map(|keepalive| keepalive.poll(cx, true))
                {
                    None | Some(Liveness::Alive) => return Poll::Pending,
                    Some(Liveness::Pinged) => {}
                    Some(Liveness::Dead) => {
                        tracing::debug!(peer = ?peer.address, "client did not answer a ping");
                        return Poll::Ready(());
                    }
                }
            }
        })
        .await;
    }

    fn go_away(&mut self, reason: &'static str, peer: Peer) {
        if self.stopping == Stopping::No {
            tracing::debug!(peer = ?peer.address, reason, "asking the client to reconnect");
            self.stopping = Stopping::Asked;
            self.connection.graceful_shutdown();
        }
    }
}
