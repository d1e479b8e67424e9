//! Lines over UDP: a socket, and perhaps a queue behind it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use headwater_core::Context;
use headwater_logs::Handover;
use headwater_transport::Stop;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

use crate::config::MAX_DATAGRAM;
use crate::delivery::deliver;
use crate::lines::{Ends, Lines, Shape};
use crate::tcp::until;

/// From how many bytes of records on what has come is handed on.
const BATCH: usize = 256 * 1024;

/// The wait after a failed receive.
const PAUSE: Duration = Duration::from_millis(100);

/// Reads the datagrams of a receiver.
pub(crate) struct Datagrams {
    pub(crate) shape: Arc<Shape>,
    pub(crate) handover: Handover,
    pub(crate) one_log_per_packet: bool,
    pub(crate) span: tracing::Span,
}

impl Datagrams {
    /// Receives, and hands on before it receives again.
    pub(crate) async fn run(self, socket: UdpSocket, mut stop: Stop) {
        let local = socket.local_addr().ok();
        let mut lines = Lines::new(&self.shape);
        let mut buffer = vec![0; MAX_DATAGRAM];
        loop {
            let due = lines.state.due();
            tokio::select! {
                biased;
                () = stop.wait() => break,
                received = socket.recv_from(&mut buffer) => match received {
                    Ok((length, peer)) => self.take(&mut lines, &buffer[..length], peer, local),
                    Err(error) => self.failed(&error).await,
                },
                () = until(due), if due.is_some() => lines.flush_due(),
            }
            // What has come meanwhile goes with it.
            while lines.encoder.bytes() < BATCH
                && let Ok((length, peer)) = socket.try_recv_from(&mut buffer)
            {
                self.take(&mut lines, &buffer[..length], peer, local);
            }
            deliver(&self.handover, &mut lines, &Context::default()).await;
        }
        if let Ok(socket) = socket.into_std() {
            // What the kernel has taken is taken.
            while let Ok((length, peer)) = socket.recv_from(&mut buffer) {
                self.take(&mut lines, &buffer[..length], peer, local);
            }
        }
        self.end(lines).await;
    }

    /// Takes datagrams out of a queue that [`receive`] fills.
    pub(crate) async fn process(
        self,
        mut queue: mpsc::Receiver<(Vec<u8>, SocketAddr)>,
        local: Option<SocketAddr>,
    ) {
        let mut lines = Lines::new(&self.shape);
        loop {
            let due = lines.state.due();
            tokio::select! {
                biased;
                next = queue.recv() => match next {
                    Some((datagram, peer)) => self.take(&mut lines, &datagram, peer, local),
                    None => break,
                },
                () = until(due), if due.is_some() => lines.flush_due(),
            }
            while lines.encoder.bytes() < BATCH
                && let Ok((datagram, peer)) = queue.try_recv()
            {
                self.take(&mut lines, &datagram, peer, local);
            }
            deliver(&self.handover, &mut lines, &Context::default()).await;
        }
        self.end(lines).await;
    }

    async fn end(&self, mut lines: Lines) {
        lines.flush_all();
        deliver(&self.handover, &mut lines, &Context::default()).await;
    }

    async fn failed(&self, error: &std::io::Error) {
        tracing::warn!(parent: &self.span, %error, "Failed reading messages");
        tokio::time::sleep(PAUSE).await;
    }

    fn take(
        &self,
        lines: &mut Lines,
        mut datagram: &[u8],
        peer: SocketAddr,
        local: Option<SocketAddr>,
    ) {
        // As upstream: line ends, zero bytes and the like at the end belong to no entry.
        while let [rest @ .., 0..=31] = datagram {
            datagram = rest;
        }
        if datagram.is_empty() {
            return;
        }
        let ends = Ends::of(self.shape.transport, Some(peer), local);
        if self.one_log_per_packet {
            lines.one(datagram, &ends);
        } else {
            lines.split(datagram, true, &ends);
        }
    }
}

/// Receives into a queue until it is to stop.
pub(crate) async fn receive(
    socket: UdpSocket,
    queue: mpsc::Sender<(Vec<u8>, SocketAddr)>,
    mut stop: Stop,
    span: tracing::Span,
) {
    let mut buffer = vec![0; MAX_DATAGRAM];
    loop {
        let received = tokio::select! {
            biased;
            () = stop.wait() => break,
            received = socket.recv_from(&mut buffer) => received,
        };
        match received {
            Ok((length, peer)) => {
                // What does not fit waits in the kernel.
                if queue.send((buffer[..length].to_vec(), peer)).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(parent: &span, %error, "Failed reading messages");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    let Ok(socket) = socket.into_std() else {
        return;
    };
    while let Ok((length, peer)) = socket.recv_from(&mut buffer) {
        if queue.send((buffer[..length].to_vec(), peer)).await.is_err() {
            return;
        }
    }
}
