//! What is waiting to be written to a connection.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use tokio::io::AsyncWrite;

use crate::io::Io;

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
}

impl Outbox {
    pub(super) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
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

    /// Writes until everything is written or the socket is full.
    pub(super) fn poll_write(&mut self, io: &mut Io, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
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
