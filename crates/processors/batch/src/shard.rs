//! What one batcher holds: the telemetry of one combination of metadata values.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use headwater_core::pdata::wire::WireError;
use headwater_core::{Batch, Context};
use tokio::time::Instant;

use crate::config::BatchConfig;

/// When a shard is full and what a full batch is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    timeout: Duration,
    size: usize,
    max: usize,
}

impl Limits {
    pub(crate) const fn timeout(self) -> Duration {
        self.timeout
    }

    pub(crate) const fn new(config: &BatchConfig) -> Self {
        Self {
            timeout: config.timeout,
            size: config.send_batch_size as usize,
            max: config.send_batch_max_size as usize,
        }
    }
}

/// What became of a batch that was offered to a shard.
#[derive(Debug)]
pub(crate) enum Added {
    /// It waits; the flag says whether it is the first, so that a timer has to be set.
    Waiting { first: bool },
    /// With it these batches are full.
    Full(Vec<Batch>),
    /// The next consumer takes nothing and the shard is full: the batch was not taken.
    Stalled,
}

#[derive(Debug)]
struct State {
    pending: Option<Batch>,
    /// When `pending` is sent whatever its size.
    due: Instant,
    /// When the last timeout began: at the last send, or a whole number of timeouts later.
    epoch: Instant,
    /// The next consumer refused the last batch, which is in `pending` again.
    stalled: bool,
}

/// One batcher. Its lock is held for moving references only, never across an await.
#[derive(Debug)]
pub(crate) struct Shard {
    pub(crate) context: Context,
    limits: Limits,
    state: Mutex<State>,
}

impl Shard {
    pub(crate) fn new(context: Context, limits: Limits) -> Self {
        let now = Instant::now();
        let state = State {
            pending: None,
            due: now,
            epoch: now,
            stalled: false,
        };
        Self {
            context,
            limits,
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes `batch` in and takes out what is full.
    pub(crate) fn add(&self, batch: Batch) -> Result<Added, WireError> {
        let mut state = self.state();
        let held = state.pending.as_ref().map_or(0, Batch::items);
        if state.stalled && held >= self.limits.size {
            return Ok(Added::Stalled);
        }
        match &mut state.pending {
            Some(pending) => pending.append(batch),
            None => state.pending = Some(batch.with_context(self.context.clone())),
        }
        if state.stalled {
            return Ok(Added::Waiting { first: false });
        }
        let full = self.take_full(&mut state)?;
        if full.is_empty() {
            if held == 0 {
                self.set_due(&mut state);
            }
            return Ok(Added::Waiting { first: held == 0 });
        }
        let now = Instant::now();
        state.epoch = now;
        state.due = now + self.limits.timeout;
        Ok(Added::Full(full))
    }

    /// As upstream, the timer does not begin with the first item but runs on from the last send.
    fn set_due(&self, state: &mut State) {
        let now = Instant::now();
        let timeout = self.limits.timeout.as_nanos().max(1);
        let into = (now - state.epoch).as_nanos() % timeout;
        let left = Duration::from_nanos(u64::try_from(timeout - into).unwrap_or(u64::MAX));
        state.due = now + left;
        state.epoch = state.due;
    }

    fn take_full(&self, state: &mut State) -> Result<Vec<Batch>, WireError> {
        let mut full = Vec::new();
        while let Some(pending) = &mut state.pending
            && pending.items() >= self.limits.size
        {
            if self.limits.max == 0 || pending.items() <= self.limits.max {
                full.extend(state.pending.take());
            } else {
                full.push(pending.take_front(self.limits.max)?);
            }
        }
        Ok(full)
    }

    /// When the shard wants to be flushed; `None` while it holds nothing.
    pub(crate) fn due(&self) -> Option<Instant> {
        let state = self.state();
        state.pending.as_ref().map(|_| state.due)
    }

    /// Takes everything out if the shard is due at `now`, in batches of at most the maximum.
    pub(crate) fn take_due(&self, now: Instant) -> Result<Vec<Batch>, WireError> {
        let mut state = self.state();
        if state.due > now {
            return Ok(Vec::new());
        }
        state.epoch = now;
        self.take_all(&mut state)
    }

    /// Takes everything out, in batches of at most the maximum.
    pub(crate) fn drain(&self) -> Result<Vec<Batch>, WireError> {
        self.take_all(&mut self.state())
    }

    fn take_all(&self, state: &mut State) -> Result<Vec<Batch>, WireError> {
        let mut batches = Vec::new();
        while let Some(pending) = &mut state.pending {
            if self.limits.max == 0 || pending.items() <= self.limits.max {
                batches.extend(state.pending.take());
            } else {
                batches.push(pending.take_front(self.limits.max)?);
            }
        }
        state.stalled = false;
        Ok(batches)
    }

    /// Puts a batch back that the next consumer did not take; it is tried again `after`.
    pub(crate) fn put_back(&self, mut batch: Batch, after: Duration) {
        let mut state = self.state();
        if let Some(newer) = state.pending.take() {
            batch.append(newer);
        }
        state.pending = Some(batch);
        state.stalled = true;
        state.due = Instant::now() + after.max(self.limits.timeout);
    }
}
