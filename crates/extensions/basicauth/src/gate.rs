//! How many slow checks run and wait at a time.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit};

/// Lets in as many as half of the CPUs, at least one; what waits is bounded.
#[derive(Debug)]
pub(crate) struct Gate {
    turns: Semaphore,
    waiting: AtomicUsize,
    most: usize,
}

impl Gate {
    pub(crate) fn new(most: usize) -> Self {
        let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            turns: Semaphore::new((cpus / 2).max(1)),
            waiting: AtomicUsize::new(0),
            most,
        }
    }

    /// The turn, as long as it is held; `None` if too many wait already.
    pub(crate) async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        if let Ok(turn) = self.turns.try_acquire() {
            return Some(turn);
        }
        let _waiting = Waiting::new(&self.waiting, self.most)?;
        self.turns.acquire().await.ok()
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

    use std::time::Duration;
}
