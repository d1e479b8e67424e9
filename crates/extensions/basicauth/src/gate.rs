//! How many slow checks run and wait at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Lets in as many as half of the CPUs, at least one; what waits is bounded.
#[derive(Debug)]
pub(crate) struct Gate {
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
    most: usize,
}

impl Gate {
    pub(crate) fn new(most: usize) -> Self {
        let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            turns: Arc::new(Semaphore::new((cpus / 2).max(1))),
            waiting: AtomicUsize::new(0),
            most,
        }
    }

    /// The turn, as long as it is held; `None` if too many wait already. It goes to the thread that
    /// computes: a client that goes away meanwhile does not end the computation.
    pub(crate) async fn enter(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(turn) = Arc::clone(&self.turns).try_acquire_owned() {
            return Some(turn);
        }
        let _waiting = Waiting::new(&self.waiting, self.most)?;
        Arc::clone(&self.turns).acquire_owned().await.ok()
    }

    /// How many turns are free.
    #[cfg(test)]
    pub(crate) fn free(&self) -> usize {
        self.turns.available_permits()
    }
}

/// Counted for as long as it waits, also when the client goes away.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize, most: usize) -> Option<Self> {
        let more = |count| (count < most).then_some(count + 1);
        count
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .ok()
            .map(|_| Self(count))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn who_would_wait_behind_too_many_is_sent_away() {
        let gate = Gate::new(1);
        let mut turns = Vec::new();
        while let Ok(turn) = gate.turns.try_acquire() {
            turns.push(turn);
        }
        let mut waiting = Box::pin(gate.enter());
        let polled = tokio::time::timeout(Duration::ZERO, &mut waiting).await;
        assert!(polled.is_err(), "it waits");
        assert!(gate.enter().await.is_none());
        drop(waiting);
        turns.pop();
        assert!(gate.enter().await.is_some());
    }
}
