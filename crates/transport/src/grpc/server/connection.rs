//! One connection: handshake, requests, keepalive, age, shutdown.

use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, timeout};

use super::streams::Streams;
use super::timers::{Due, Timers};
use super::{Peer, Request, Shared, UnaryHandler};
use crate::Status;
use crate::grpc::{CONNECTION_WINDOW, MAX_FRAME, MAX_HEADERS, STREAM_WINDOW};
use crate::http2::{Fault, Limits, Link, PREFACE, Reason, Traffic};
use crate::io::{Io, Socket};
use crate::serving::Stop;

/// The first byte of a TLS handshake record.
const TLS_RECORD: u8 = 0x16;
/// How long the last words to a peer may take.
const FAREWELL: Duration = Duration::from_secs(1);

pub(super) async fn serve<H: UnaryHandler>(
    server: Arc<Shared<H>>,
    socket: Socket,
    address: Option<SocketAddr>,
    mut stop: Stop,
) {
    let peer = Peer { address };
    let opened = tokio::select! {
        opened = timeout(server.options.handshake_timeout, open(&server, socket, peer)) => opened,
        () = stop.wait_for_beginners() => return,
    };
    let io = match opened {
        Ok(Some(io)) => io,
        Ok(None) => return,
        Err(_) => {
            tracing::debug!(peer = ?address, "client did not finish the handshake in time");
            return;
        }
    };
    drive(server, io, peer, stop).await;
}

/// TLS and protocol check. What follows on the stream begins behind the preface.
async fn open<H: UnaryHandler>(server: &Shared<H>, socket: Socket, peer: Peer) -> Option<Io> {
    let mut io = match server.acceptor.accept(socket).await {
        Ok(io) => io,
        Err(error) => {
            tracing::debug!(peer = ?peer.address, %error, "TLS handshake failed");
            return None;
        }
    };
    let looks_wrong = |seen: &[u8]| !PREFACE.starts_with(&seen[..seen.len().min(PREFACE.len())]);
    let enough = |seen: &[u8]| seen.len() >= PREFACE.len() || looks_wrong(seen);
    match io.peek(enough).await {
        Ok([]) | Err(_) => return None,
        Ok(seen) if looks_wrong(seen) => {
            let tls = seen[0] == TLS_RECORD;
            refuse(server, &mut io, peer, tls).await;
            return None;
        }
        Ok(_) => {}
    }
    io.skip(PREFACE.len());
    Some(io)
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
    const MOST: u64 = 64 << 10;
    let mut rest = Vec::new();
    let mut limited = io.take(MOST);
    let reading = limited.read_to_end(&mut rest);
    drop(timeout(FAREWELL, reading).await);
}

/// How a connection comes to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closing {
    No,
    /// The client has been asked to open no more streams; it may not know yet.
    Asked,
    /// It knows: what it opens now is not taken.
    Told,
}

/// Drives the connection and its requests on one task. Whatever they wrote since the task last
/// ran is written at once.
pub(super) async fn drive<H: UnaryHandler>(
    server: Arc<Shared<H>>,
    mut io: Io,
    peer: Peer,
    mut stop: Stop,
) {
    let mut traffic = Traffic::new(Limits {
        server: true,
        stream_window: STREAM_WINDOW,
        window: CONNECTION_WINDOW,
        max_frame: MAX_FRAME,
        max_headers: MAX_HEADERS,
        max_streams: server.options.max_concurrent_streams,
    });
    let mut link = Link::new(MAX_FRAME);
    let mut timers = Timers::new(&server.options, io.activity());
    let call = async |server: Arc<Shared<H>>, request: Request| -> Result<Bytes, Status> {
        server.handler.call(request).await
    };
    let mut streams = Streams::new(server, peer, call);
    let mut closing = Closing::No;
    let mut stop = std::pin::pin!(stop.wait());
    let fault = std::future::poll_fn(|cx| {
        loop {
            if let Poll::Ready(fault) = link.poll_read(&mut io, cx, &mut traffic, &mut streams) {
                return Poll::Ready(Some(fault));
            }
            streams.poll(&mut traffic, cx);
            let congested = traffic.is_congested();
            if let Poll::Ready(Err(fault)) = traffic.poll_write(&mut io, cx) {
                return Poll::Ready(Some(fault));
            }
            if congested && !traffic.is_congested() {
                continue;
            }
            if closing == Closing::No && stop.as_mut().poll(cx).is_ready() {
                ask(&mut traffic, &mut closing, &mut timers, "shutdown", peer);
                continue;
            }
            if closing == Closing::Asked && traffic.take_answer() {
                tell(&mut traffic, &mut streams, &mut closing);
                continue;
            }
            if closing == Closing::Told && streams.is_empty() && traffic.is_flushed() {
                return Poll::Ready(None);
            }
            match timers.poll(cx, streams.idle_since(), streams.alarm(), &mut traffic) {
                None => return Poll::Pending,
                Some(Due::Streams(now)) => streams.expire(&mut traffic, now),
                Some(Due::Ping) => traffic.ping(),
                Some(Due::GoAway(reason)) => {
                    ask(&mut traffic, &mut closing, &mut timers, reason, peer);
                }
                Some(Due::Told) => tell(&mut traffic, &mut streams, &mut closing),
                Some(Due::Close(reason)) => {
                    tracing::debug!(peer = ?peer.address, reason, "closing the connection");
                    return Poll::Ready(None);
                }
            }
        }
    })
    .await;
    match &fault {
        None | Some(Fault::Closed) => {}
        Some(fault) => tracing::debug!(peer = ?peer.address, error = %fault, "connection failed"),
    }
    if let Some(Fault::Protocol(reason, text)) = fault {
        traffic.go_away(streams.last(), reason, text);
    }
    // Requests in hand end before the last words.
    drop(streams);
    let farewell = async {
        let written = std::future::poll_fn(|cx| traffic.poll_write(&mut io, cx)).await;
        if written.is_ok() && io.shutdown().await.is_ok() {
            drain(&mut io).await;
        }
    };
    drop(timeout(FAREWELL, farewell).await);
}

/// Asks the client to open no more streams. It is pinged, too: when that is answered, it has
/// heard.
fn ask(
    traffic: &mut Traffic,
    closing: &mut Closing,
    timers: &mut Timers,
    reason: &'static str,
    peer: Peer,
) {
    if *closing == Closing::No {
        tracing::debug!(peer = ?peer.address, reason, "asking the client to reconnect");
        *closing = Closing::Asked;
        // An answer to an earlier ping says nothing.
        let _ = traffic.take_answer();
        traffic.go_away(u32::MAX >> 1, Reason::NO_ERROR, reason);
        traffic.ping();
        timers.asked(Instant::now());
    }
}

fn tell<H, F, M>(traffic: &mut Traffic, streams: &mut Streams<H, F, M>, closing: &mut Closing)
where
    H: UnaryHandler,
    F: Future<Output = Result<Bytes, Status>>,
    M: Fn(Arc<Shared<H>>, Request) -> F,
{
    if *closing == Closing::Asked {
        *closing = Closing::Told;
        streams.close();
        traffic.go_away(streams.last(), Reason::NO_ERROR, "");
    }
}
