//! Reading from sockets.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead as _, ReadBuf};

use super::Fault;
use crate::io::Io;

/// What one read brings at most: four frames of the size that most clients send. Larger ones do
/// not leave the CPU's cache any warmer.
const SIZE: usize = 64 << 10;

thread_local! {
    /// The worker's only read buffer. A connection is parsed completely before another one is
    /// read, and keeps what it needs by itself.
    static BUFFER: RefCell<Option<Box<[u8]>>> = const { RefCell::new(None) };
}

/// Reads once and hands over what arrived. Says whether there may be more at once.
pub(super) fn poll_read(
    io: &mut Io,
    cx: &mut Context<'_>,
    feed: impl FnOnce(&[u8]) -> Result<(), Fault>,
) -> Poll<Result<bool, Fault>> {
    let mut bytes = BUFFER.take().unwrap_or_else(|| vec![0; SIZE].into());
    let mut buffer = ReadBuf::new(&mut bytes);
    let result = match Pin::new(io).poll_read(cx, &mut buffer) {
        Poll::Pending => Poll::Pending,
        Poll::Ready(Err(error)) => Poll::Ready(Err(fault_of(error))),
        Poll::Ready(Ok(())) if buffer.filled().is_empty() => Poll::Ready(Err(Fault::Closed)),
        Poll::Ready(Ok(())) => {
            let full = buffer.remaining() == 0;
            Poll::Ready(feed(buffer.filled()).map(|()| full))
        }
    };
    BUFFER.set(Some(bytes));
    Poll::Ready(ready!(result))
}

/// A reset is how many clients leave.
fn fault_of(error: io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Fault::Closed,
        _ => Fault::Io(error),
    }
}
