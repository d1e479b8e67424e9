//! A request that is ready to be sent.

use std::ops::Range;

use bytes::Bytes;
use headwater_prometheus::remote_write::{Compressor, Message, decompress};
use headwater_prometheus::translate::{Counts, Request, downgrade};

/// A compressed request.
#[derive(Debug, Clone)]
pub(crate) struct Packet {
    pub(crate) message: Message,
    pub(crate) body: Bytes,
    pub(crate) counts: Counts,
    /// Which of the batch's series are in it.
    pub(crate) series: Range<usize>,
}

impl Packet {
    /// `None` for 4 GiB, which no batch is.
    pub(crate) fn new(
        message: Message,
        request: &Request<'_>,
        compressor: &mut Compressor,
    ) -> Option<Self> {
        Some(Self {
            message,
            body: compressor.compress(request.body).ok()?.into(),
            counts: request.counts,
            series: request.series.clone(),
        })
    }

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
            series: self.series.clone(),
        })
    }
}
