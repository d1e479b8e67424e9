//! What is waiting to be written to a connection.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use tokio::io::AsyncWrite;

/// Shorter data is copied between the frame headers: a slice of its own costs more.
const COPY_BELOW: usize = 1024;
/// Slices per write. The kernel takes 1,024; this many hold half a megabyte of 16 KiB frames.
const SLICES: usize = 64;
/// What a buffer may keep when it goes back to its worker.
const MOST_KEPT: usize = 64 << 10;

thread_local! {
    /// The buffer that the worker's connections take turns with: a connection with nothing to
    /// write holds none.
    static SPARE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

#[derive(Debug)]
enum Chunk {
    /// The next so many bytes of the buffer.
    Copied(usize),
    Shared(Bytes),
}

/// Frames in the order in which they will be written.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    copied: Vec<u8>,
    /// How much of `copied` has been written.
    written: usize,
    chunks: VecDeque<Chunk>,
    /// The length of all chunks.
    pending: usize,
    /// What was written may still be held by the layer below: TLS does.
    unflushed: bool,
}

impl Outbox {
    /// Whether everything has reached the socket.
    pub(super) fn is_flushed(&self) -> bool {
        self.chunks.is_empty() && !self.unflushed
    }

    /// The bytes that were copied and not yet written: what a peer that does not read makes us
    /// hold.
    pub(super) const fn copied(&self) -> usize {
        self.copied.len() - self.written
    }

    /// All bytes that are not yet written.
    pub(super) const fn pending(&self) -> usize {
        self.pending
    }

    /// Appends what `write` writes.
    pub(super) fn write(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if self.copied.capacity() == 0 {
            self.copied = SPARE.take();
        }
        let before = self.copied.len();
        write(&mut self.copied);
        let added = self.copied.len() - before;
        if added == 0 {
            return;
        }
        self.pending += added;
        match self.chunks.back_mut() {
            Some(Chunk::Copied(length)) => *length += added,
            _ => self.chunks.push_back(Chunk::Copied(added)),
        }
    }

    /// Appends bytes, without copying them if they are many.
    pub(super) fn share(&mut self, bytes: Bytes) {
        if bytes.len() < COPY_BELOW {
            self.write(|out| out.extend_from_slice(&bytes));
        } else {
            self.pending += bytes.len();
            self.chunks.push_back(Chunk::Shared(bytes));
        }
    }

    /// Writes until everything has reached the socket or it is full.
    pub(super) fn poll_write(
        &mut self,
        io: &mut (impl AsyncWrite + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.chunks.is_empty() {
            let written = {
                let mut slices = [IoSlice::new(&[]); SLICES];
                let mut rest = &self.copied[self.written..];
                let mut filled = 0;
                for (slot, chunk) in slices.iter_mut().zip(&self.chunks) {
                    *slot = IoSlice::new(match chunk {
                        Chunk::Copied(length) => {
                            let (part, after) = rest.split_at(*length);
                            rest = after;
                            part
                        }
                        Chunk::Shared(bytes) => bytes,
                    });
                    filled += 1;
                }
                let mut io = Pin::new(&mut *io);
                match &slices[..filled] {
                    [only] => ready!(io.as_mut().poll_write(cx, only))?,
                    several => ready!(io.as_mut().poll_write_vectored(cx, several))?,
                }
            };
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.advance(written);
            self.unflushed = true;
        }
        if self.unflushed {
            ready!(Pin::new(&mut *io).poll_flush(cx))?;
            self.unflushed = false;
        }
        // Empty: the buffer goes to whoever writes next.
        let mut spare = std::mem::take(&mut self.copied);
        self.written = 0;
        if spare.capacity() > 0 && spare.capacity() <= MOST_KEPT {
            spare.clear();
            SPARE.set(spare);
        }
        Poll::Ready(Ok(()))
    }

    fn advance(&mut self, mut count: usize) {
        self.pending -= count;
        while count > 0 {
            let Some(chunk) = self.chunks.front_mut() else {
                return;
            };
            let length = match chunk {
                Chunk::Copied(length) => *length,
                Chunk::Shared(bytes) => bytes.len(),
            };
            let taken = count.min(length);
            count -= taken;
            match chunk {
                Chunk::Copied(length) => {
                    *length -= taken;
                    self.written += taken;
                }
                Chunk::Shared(bytes) => bytes.advance(taken),
            }
            if taken == length {
                self.chunks.pop_front();
            }
        }
        // A blocked connection must not drag written bytes along.
        if self.written > MOST_KEPT {
            self.copied.drain(..self.written);
            self.written = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes everything at once and passes it on only when it is flushed, a little at a time.
    #[derive(Default)]
    struct Holding {
        held: Vec<u8>,
        passed: Vec<u8>,
    }

    impl AsyncWrite for Holding {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            let taken = bytes.len().min(1500);
            self.held.extend_from_slice(&bytes[..taken]);
            Poll::Ready(Ok(taken))
        }

        fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            let this = self.get_mut();
            let part = this.held.len().min(1000);
            this.passed.extend(this.held.drain(..part));
            if this.held.is_empty() {
                return Poll::Ready(Ok(()));
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn what_the_layer_below_holds_back_is_not_forgotten() {
        let mut outbox = Outbox::default();
        let mut io = Holding::default();
        let mut expected = Vec::new();
        for n in 0..10_u8 {
            let shared = vec![n; usize::from(n) * 700];
            outbox.write(|out| out.extend_from_slice(b"head"));
            outbox.share(shared.clone().into());
            expected.extend_from_slice(b"head");
            expected.extend(shared);
        }
        assert_eq!(outbox.pending(), expected.len());
        let mut polls = 0;
        std::future::poll_fn(|cx| {
            polls += 1;
            let written = outbox.poll_write(&mut io, cx);
            assert_eq!(written.is_ready(), outbox.is_flushed());
            written
        })
        .await
        .unwrap();
        assert!(polls > 10 && io.held.is_empty());
        assert_eq!(io.passed, expected);
    }
}
