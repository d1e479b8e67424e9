//! The room of a queue.

use std::sync::Arc;

use headwater_core::{Batch, ConsumeError};
use tokio::sync::{Semaphore, TryAcquireError};

use crate::config::{SendingQueueConfig, Sizer};

/// Counts what a queue holds, what is being sent included.
#[derive(Debug)]
pub(crate) struct Capacity {
    room: Semaphore,
    total: usize,
    sizer: Sizer,
    wait: bool,
}

impl Capacity {
    pub(crate) fn new(config: &SendingQueueConfig) -> Self {
        let total = usize::try_from(config.queue_size)
            .unwrap_or(usize::MAX)
            .min(Semaphore::MAX_PERMITS);
        Self {
            room: Semaphore::new(total),
            total,
            sizer: config.sizer,
            wait: config.block_on_overflow,
        }
    }

    /// What the queue can hold.
    pub(crate) const fn total(&self) -> usize {
        self.total
    }

    /// What it holds.
    pub(crate) fn used(&self) -> usize {
        self.total - self.room.available_permits().min(self.total)
    }

    /// Refuses everything from now on, also to those who wait.
    pub(crate) fn close(&self) {
        self.room.close();
    }

    /// Takes the room that `batch` needs; `None` if it has no size. Waiting callers are served
    /// in the order in which they came.
    ///
    /// # Cancel safety
    /// Nothing is taken by a call that was dropped.
    pub(crate) async fn take(
        self: &Arc<Self>,
        batch: &Batch,
    ) -> Result<Option<Room>, ConsumeError> {
        let size = self.sizer.size_of(batch);
        if size == 0 {
            return Ok(None);
        }
        let permits = u32::try_from(size)
            .ok()
            .filter(|_| size <= self.total)
            .ok_or_else(|| too_large(size, self.total, self.sizer))?;
        let permit = match self.room.try_acquire_many(permits) {
            Ok(permit) => permit,
            Err(TryAcquireError::NoPermits) if self.wait => self
                .room
                .acquire_many(permits)
                .await
                .map_err(|_| stopped())?,
            Err(TryAcquireError::NoPermits) => {
                return Err(ConsumeError::refused("sending queue is full", None));
            }
            Err(TryAcquireError::Closed) => return Err(stopped()),
        };
        permit.forget();
        let capacity = Arc::clone(self);
        Ok(Some(Room { capacity, size }))
    }
}

/// Upstream lets clients try again for ever; it can never fit.
fn too_large(size: usize, total: usize, sizer: Sizer) -> ConsumeError {
    let unit = match sizer {
        Sizer::Requests => "requests",
        Sizer::Items => "items",
        Sizer::Bytes => "bytes",
    };
    ConsumeError::permanent(format!(
        "element size too large: {size} {unit}, the whole sending queue holds {total}"
    ))
}

pub(crate) fn stopped() -> ConsumeError {
    ConsumeError::retryable("sending queue is stopped", None)
}

/// A part of a queue's room, given back when dropped.
#[derive(Debug)]
pub(crate) struct Room {
    capacity: Arc<Capacity>,
    size: usize,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.capacity.room.add_permits(self.size);
    }
}
