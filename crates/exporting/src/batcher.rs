//! Merges requests into batches and splits what is too large.
//!
//! Source: Go `exporterhelper`, partitionBatcher.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use headwater_core::Batch;
use headwater_core::pdata::{Piece, split_bytes, split_items};
use smallvec::SmallVec;
use tokio::time::Instant;

use crate::claim::{Claim, Claims, Share};
use crate::config::{QueueBatchConfig, Sizer};
use crate::partitions::{Partitions, Pending};
use crate::queue::Parcel;

/// The batches that are not full yet, one per partition.
#[derive(Debug)]
pub(crate) struct Batcher {
    sizer: Sizer,
    min: usize,
    /// `usize::MAX`: no cap.
    max: usize,
    flush_timeout: Duration,
    partitions: Partitions,
}

impl Batcher {
    pub(crate) fn new(config: &QueueBatchConfig) -> Self {
        let size = |size: u64| usize::try_from(size).unwrap_or(usize::MAX);
        Self {
            sizer: config.sizer,
            min: size(config.min_size),
            max: match config.max_size {
                0 => usize::MAX,
                max => size(max),
            },
            flush_timeout: config.flush_timeout,
            partitions: Partitions::new(
                config.partition.metadata_keys.clone(),
                config.flush_timeout,
            ),
        }
    }

    /// Takes a request in and puts what is full now into `ready`. Returns how many items had to
    /// go into a batch above the cap because they cannot be split.
    pub(crate) fn add(
        &mut self,
        batch: Batch,
        claim: Claim,
        ready: &mut VecDeque<Parcel>,
    ) -> usize {
        let now = Instant::now();
        let (id, evicted) = self.partitions.of(batch.context(), now);
        ready.extend(evicted);
        let pending = self.partitions.take(id);
        let due = pending.as_ref().map(|pending| pending.due);
        let (merged, mut claims) = match pending {
            Some(Pending { parcel, .. }) => {
                let (mut merged, claims) = (parcel.batch, parcel.claims);
                merged.append(batch);
                (merged, claims)
            }
            None => {
                let context = self.partitions.context(id);
                (batch.with_context(context), Claims::default())
            }
        };
        let Pieces { pieces, oversized } = self.split(merged);
        let mut shares = shares(claim, pieces.len());
        let last = pieces.len() - 1;
        for (index, batch) in pieces.into_iter().enumerate() {
            // What was there before is smaller than a batch: all of it is in the first.
            let mut claims = std::mem::take(&mut claims);
            if let Some(share) = shares.next() {
                claims.push(share);
            }
            let parcel = Parcel {
                batch,
                claims,
                merged: Vec::new(),
            };
            if index < last || self.sizer.size_of(&parcel.batch) >= self.min {
                ready.push_back(parcel);
            } else {
                let due = due
                    .filter(|_| index == 0)
                    .unwrap_or(now + self.flush_timeout);
                self.partitions.put(id, Pending { parcel, due });
            }
        }
        oversized
    }

    fn split(&self, batch: Batch) -> Pieces {
        if self.sizer.size_of(&batch) <= self.max {
            return Pieces::whole(batch);
        }
        let (signal, context) = (batch.signal(), batch.context().clone());
        let ticket = batch.ticket().clone();
        let payload = batch.payload().clone();
        let split = match self.sizer {
            Sizer::Bytes => split_bytes(signal, payload, self.max),
            Sizer::Items | Sizer::Requests => split_items(signal, payload, self.max),
        };
        let Some(found) = split.ok().filter(|pieces| !pieces.is_empty()) else {
            // Requests are validated before they come here, so this does not happen.
            return Pieces::whole(batch);
        };
        let oversized = found.iter().filter(|piece| piece.oversized);
        let oversized = oversized.map(|piece| piece.items).sum();
        let last = found.len() - 1;
        let part = |(index, piece): (usize, Piece)| {
            let Piece {
                mut payload, items, ..
            } = piece;
            if index == last {
                // It may wait for more, and must not keep the whole request in memory.
                payload.compact();
            }
            Batch::new(signal, payload, items)
                .with_context(context.clone())
                .with_ticket(ticket.clone())
        };
        let pieces = found.into_iter().enumerate().map(part).collect();
        Pieces { pieces, oversized }
    }

    /// Takes out the batch that is due first, if its time has come.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Parcel> {
        self.partitions.take_due(now)
    }

    /// Takes out the batch that is due first, if it has been due for as long as it may wait.
    pub(crate) fn take_late(&mut self) -> Option<Parcel> {
        let before = Instant::now().checked_sub(self.flush_timeout)?;
        self.partitions.take_due(before)
    }

    /// Takes out everything.
    pub(crate) fn take_all(&mut self) -> Vec<Parcel> {
        self.partitions.take_all()
    }

    /// Forgets partitions that are used no more.
    pub(crate) fn forget_idle(&mut self, now: Instant) {
        self.partitions.forget_idle(now);
    }

    /// When there is next something to do, after `now`.
    pub(crate) fn next_event(&self, now: Instant) -> Option<Instant> {
        self.partitions.next_event(now)
    }
}

/// A request cut to size; at least one piece.
struct Pieces {
    pieces: SmallVec<[Batch; 1]>,
    oversized: usize,
}

impl Pieces {
    fn whole(batch: Batch) -> Self {
        Self {
            pieces: SmallVec::from_buf([batch]),
            oversized: 0,
        }
    }
}

/// A claim for each of `pieces` parts of its request.
fn shares(claim: Claim, pieces: usize) -> impl Iterator<Item = Share> {
    let (whole, part) = if pieces == 1 {
        (Some(Share::Whole(claim)), None)
    } else {
        (None, Some(Arc::new(claim)))
    };
    let parts = part.into_iter().flat_map(move |claim| {
        std::iter::repeat_with(move || Share::Part(Arc::clone(&claim))).take(pieces)
    });
    whole.into_iter().chain(parts)
}
