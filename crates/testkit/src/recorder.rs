//! A consumer that keeps what it is given and answers as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use headwater_core::{Batch, ConsumeError, Consumer};
use tokio::sync::Notify;

/// How a [`Recorder`] answers one call.
#[derive(Debug)]
pub enum Answer {
    /// Takes the batch.
    Take,
    /// Fails with this error.
    Fail(ConsumeError),
    /// Does not answer until the call is dropped.
    Hang,
}

#[derive(Debug, Default)]
struct State {
    batches: Vec<Batch>,
    answers: VecDeque<Answer>,
    calls: usize,
}

/// Takes every batch, unless [`Recorder::answer`] has queued other answers.
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    state: Arc<Mutex<State>>,
    called: Arc<Notify>,
}

impl Recorder {
    /// A recorder that takes everything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues the answer to a coming call; calls beyond the queue are taken.
    pub fn answer(&self, answer: Answer) {
        self.state().answers.push_back(answer);
    }

    /// The batches taken so far, in order.
    #[must_use]
    pub fn batches(&self) -> Vec<Batch> {
        self.state().batches.clone()
    }

    /// Takes the batches out: they are not among [`Self::batches`] any more.
    #[must_use]
    pub fn take(&self) -> Vec<Batch> {
        std::mem::take(&mut self.state().batches)
    }

    /// The items of each batch taken so far.
    #[must_use]
    pub fn items(&self) -> Vec<usize> {
        self.state().batches.iter().map(Batch::items).collect()
    }

    /// How often it was called, whatever it answered.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.state().calls
    }

    /// Waits until it has been called `calls` times.
    pub async fn wait_for_calls(&self, calls: usize) {
        loop {
            let called = self.called.notified();
            if self.calls() >= calls {
                return;
            }
            called.await;
        }
    }
}

#[async_trait]
impl Consumer for Recorder {
    async fn consume(&self, batch: Batch) -> Result<(), ConsumeError> {
        let answer = {
            let mut state = self.state();
            state.calls += 1;
            let answer = state.answers.pop_front().unwrap_or(Answer::Take);
            if matches!(answer, Answer::Take) {
                state.batches.push(batch);
            }
            answer
        };
        self.called.notify_waiters();
        match answer {
            Answer::Take => Ok(()),
            Answer::Fail(error) => Err(error),
            Answer::Hang => std::future::pending().await,
        }
    }
}
