//! Bodies of messages that are whole in memory.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};

/// A body in one piece.
#[derive(Debug)]
pub(crate) struct Whole<B>(Option<B>);

impl<B: Buf> Whole<B> {
    pub(crate) fn new(bytes: B) -> Self {
        Self(Some(bytes).filter(Buf::has_remaining))
    }
}

impl<B: Default> Whole<B> {
    /// The bytes, if they have not been sent.
    pub(crate) fn into_inner(self) -> B {
        self.0.unwrap_or_default()
    }
}

impl<B: Buf + Unpin> Body for Whole<B> {
    type Data = B;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |bytes| bytes.remaining() as u64))
    }
}
