//! Lines over TCP: one connection.

use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_core::Context;
use headwater_core::component::BoxError;
use headwater_logs::Handover;
use headwater_transport::{Stop, Stream, StreamHandler};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::delivery::deliver;
use crate::lines::{Ends, Lines, Shape};

/// What a connection has room for at first. Most say little.
const FIRST: usize = 2 * 1024;

/// What it gets when it says much, besides the room for a long line.
const BUFFER: usize = 64 * 1024;

/// How long the end of a connection may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// Serves the connections of a receiver.
pub(crate) struct Handler {
    pub(crate) shape: Arc<Shape>,
    pub(crate) handover: Handover,
    pub(crate) one_log_per_packet: bool,
    pub(crate) span: tracing::Span,
}

impl StreamHandler for Handler {
    async fn serve(&self, mut stream: Stream, mut stop: Stop) {
        let ends = Ends::of(self.shape.transport, stream.peer(), stream.local());
        let context = context(stream.peer());
        let mut lines = Lines::new(&self.shape);
        let outcome = if self.one_log_per_packet {
            self.whole(&mut stream, &mut stop, &mut lines, &ends).await
        } else {
            self.lines(&mut stream, &mut stop, &mut lines, (&ends, &context))
                .await
        };
        if let Err(error) = outcome {
            tracing::debug!(parent: &self.span, peer = ?stream.peer(), %error, "Connection broke");
        }
        lines.flush_all();
        deliver(&self.handover, &mut lines, &context).await;
        // A client that waits for the end of TLS gets it; one that does not read costs a second.
        tokio::time::timeout(GOODBYE, stream.shutdown()).await.ok();
    }
}

impl Handler {
    /// Entries as they come.
    async fn lines(
        &self,
        stream: &mut Stream,
        stop: &mut Stop,
        lines: &mut Lines,
        (ends, context): (&Ends, &Context),
    ) -> Result<(), BoxError> {
        let limit = self.shape.framing.max() + BUFFER;
        let mut buffer: Vec<u8> = Vec::with_capacity(FIRST);
        loop {
            if buffer.len() == buffer.capacity() {
                // What is there is no whole entry: `limit` holds the longest one.
                let room = limit.saturating_sub(buffer.len());
                buffer.reserve_exact(buffer.len().min(room).max(1));
            }
            let due = lines.state.due();
            let read = tokio::select! {
                () = stop.wait() => Ok(0),
                read = stream.read_buf(&mut buffer) => read,
                () = until(due), if due.is_some() => {
                    lines.flush_due();
                    deliver(&self.handover, lines, context).await;
                    continue;
                }
            };
            let end = !matches!(read, Ok(count) if count > 0);
            let full = buffer.len() == buffer.capacity();
            let used = lines.split(&buffer, end, ends);
            deliver(&self.handover, lines, context).await;
            if end {
                return read.map(drop).map_err(Into::into);
            }
            buffer.drain(..used);
            if full && buffer.capacity() < BUFFER {
                buffer.reserve_exact((buffer.capacity() * 2).max(buffer.len()) - buffer.len());
            } else if buffer.is_empty() && buffer.capacity() > 2 * BUFFER {
                // The room that a long line needed.
                buffer = Vec::with_capacity(BUFFER);
            }
        }
    }

    /// One entry of all that comes.
    async fn whole(
        &self,
        stream: &mut Stream,
        stop: &mut Stop,
        lines: &mut Lines,
        ends: &Ends,
    ) -> Result<(), BoxError> {
        let max = self.shape.framing.max();
        let mut text = Vec::with_capacity(FIRST);
        let mut rest = Vec::with_capacity(FIRST);
        let outcome = loop {
            let read = tokio::select! {
                () = stop.wait() => Ok(0),
                read = stream.read_buf(&mut rest) => read,
            };
            let fits = rest.len().min(max - text.len());
            text.extend_from_slice(&rest[..fits]);
            rest.clear();
            match read {
                Ok(0) => break Ok(()),
                Ok(_) => {}
                Err(error) => break Err(error.into()),
            }
        };
        if !text.is_empty() {
            lines.one(&text, ends);
        }
        outcome
    }
}

/// What batches of a sender come with.
pub(crate) fn context(peer: Option<std::net::SocketAddr>) -> Context {
    Context::new(headwater_core::ContextParts {
        peer,
        arrived: Some(Instant::now()),
        ..Default::default()
    })
}

/// Waits until then.
pub(crate) async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}
