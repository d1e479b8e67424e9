//! A request that is ready to be sent.

use bytes::Bytes;
use headwater_prometheus::remote_write::{Compressor, Message, decompress};
use headwater_prometheus::translate::{Counts, downgrade};

/// A compressed request.
#[derive(Debug, Clone)]
pub(crate) struct Packet {
    pub(crate) message: Message,
    pub(crate) body: Bytes,
    pub(crate) counts: Counts,
}

impl Packet {
    /// The same as a request of 1.0; `None` if it cannot be one.
    pub(crate) fn as_v1(&self) -> Option<Self> {
        if self.message == Message::V1 {
            return Some(self.clone());
        }
        let plain = decompress(&self.body, usize::MAX).ok()?;
        let body = Compressor::default()
            .compress(&downgrade(&plain).ok()?)
            .ok()?;
        Some(Self {
            message: Message::V1,
            body: body.into(),
            counts: self.counts,
        })
    }
}
