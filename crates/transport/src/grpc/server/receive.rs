//! Reading one message: admission first, then one buffer of exactly its size.

use std::time::Duration;

use bytes::{Buf, Bytes};
use h2::RecvStream;
use headwater_core::Ticket;
use headwater_core::rpc::Code;
use tokio::time::timeout;

use super::call::Outcome;
use crate::Status;
use crate::grpc::body::PREFIX;

/// Shorter messages are copied even if they arrive in one frame: a slice would pin the
/// connection's read buffer, which is larger, for as long as the batch lives.
const SHARE_FROM: usize = 32 << 10;
/// The slowest acceptable sender, in bytes per second.
const SLOWEST: u64 = 32 << 10;

pub(super) struct Received {
    pub(super) compressed: bool,
    pub(super) message: Bytes,
    pub(super) ticket: Ticket,
}

/// Reads the only message of a unary request and the end of the stream.
pub(super) async fn message(
    body: &mut RecvStream,
    max: usize,
    patience: Duration,
    admit: impl FnOnce(usize) -> Result<Ticket, Status>,
) -> Result<Received, Outcome> {
    let mut reader = Reader {
        body,
        chunk: Bytes::new(),
        total: 0,
    };
    let prefix = within(patience, reader.prefix()).await?;
    let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]) as usize;
    if prefix[0] > 1 {
        let text = format!("grpc: received unexpected payload format {}", prefix[0]);
        return Err(Status::new(Code::Internal, text).into());
    }
    if length > max {
        // grpc-go's words: people search for them.
        let text = format!("grpc: received message larger than max ({length} vs. {max})");
        return Err(Status::new(Code::ResourceExhausted, text).into());
    }
    let ticket = admit(length)?;
    let patience = patience + Duration::from_secs(length as u64 / SLOWEST);
    let message = within(patience, reader.rest(length)).await?;
    Ok(Received {
        compressed: prefix[0] == 1,
        message,
        ticket,
    })
}

async fn within<T>(
    patience: Duration,
    work: impl Future<Output = Result<T, Outcome>>,
) -> Result<T, Outcome> {
    timeout(patience, work).await.unwrap_or_else(|_| {
        let text = "the message did not arrive in time";
        Err(Status::new(Code::DeadlineExceeded, text).into())
    })
}

struct Reader<'a> {
    body: &'a mut RecvStream,
    /// What has arrived and is not used yet.
    chunk: Bytes,
    /// The bytes of `chunk` at arrival, which the peer may send again once they are used.
    total: usize,
}

impl Reader<'_> {
    /// Replaces `chunk` by the next one; `false` at the end of the stream.
    async fn next(&mut self) -> Result<bool, Outcome> {
        self.release();
        match std::future::poll_fn(|cx| self.body.poll_data(cx)).await {
            Some(Ok(chunk)) => {
                self.total = chunk.len();
                self.chunk = chunk;
                Ok(true)
            }
            Some(Err(_)) => Err(Outcome::Gone),
            None => Ok(false),
        }
    }

    fn release(&mut self) {
        let used = std::mem::take(&mut self.total);
        if used > 0 {
            // Fails only for more than was received.
            drop(self.body.flow_control().release_capacity(used));
        }
    }

    async fn prefix(&mut self) -> Result<[u8; PREFIX], Outcome> {
        let mut prefix = [0; PREFIX];
        let mut filled = 0;
        while filled < PREFIX {
            if self.chunk.is_empty() && !self.next().await? {
                return Err(cut_off());
            }
            let take = self.chunk.len().min(PREFIX - filled);
            self.chunk.copy_to_slice(&mut prefix[filled..filled + take]);
            filled += take;
        }
        Ok(prefix)
    }

    async fn rest(&mut self, length: usize) -> Result<Bytes, Outcome> {
        let message = if self.chunk.len() == length && length >= SHARE_FROM {
            std::mem::take(&mut self.chunk)
        } else {
            let mut message = Vec::with_capacity(length);
            loop {
                let take = self.chunk.len().min(length - message.len());
                message.extend_from_slice(&self.chunk[..take]);
                self.chunk.advance(take);
                if message.len() == length {
                    break Bytes::from(message);
                }
                if !self.next().await? {
                    return Err(cut_off());
                }
            }
        };
        // Also sees a second message, which unary methods do not have.
        loop {
            if !self.chunk.is_empty() {
                let text = "grpc: received more than one message for a unary method";
                return Err(Status::new(Code::Internal, text).into());
            }
            if self.body.is_end_stream() || !self.next().await? {
                self.release();
                return Ok(message);
            }
        }
    }
}

fn cut_off() -> Outcome {
    Status::new(
        Code::Internal,
        "grpc: the request ended before its message did",
    )
    .into()
}
