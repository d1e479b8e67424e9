//! What a backend under a test's control answers, and what it was sent.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::PATIENCE;

type Judge<R, A> = Box<dyn Fn(&R) -> Option<A> + Send>;

struct State<R, A> {
    answers: VecDeque<A>,
    judge: Option<Judge<R, A>>,
    received: Vec<R>,
}

/// What came (`R`) and the answers (`A`), shared by the backend that asks and the test that tells.
pub struct Script<R, A>(Arc<Mutex<State<R, A>>>);

impl<R, A> Script<R, A> {
    /// Nothing has come, and there is no answer.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            answers: VecDeque::new(),
            judge: None,
            received: Vec::new(),
        })))
    }

    fn state(&self) -> MutexGuard<'_, State<R, A>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers the next requests, in their order.
    pub fn say(&self, answers: impl IntoIterator<Item = A>) {
        self.state().answers.extend(answers);
    }

    /// Answers the requests that nothing has been said for; `None` leaves it to the backend.
    pub fn judge(&self, judge: impl Fn(&R) -> Option<A> + Send + 'static) {
        self.state().judge = Some(Box::new(judge));
    }

    /// Keeps a request, and says how to answer it; `None` leaves it to the backend.
    pub fn take(&self, request: R) -> Option<A> {
        let mut state = self.state();
        let judged = state.judge.as_ref().and_then(|judge| judge(&request));
        state.received.push(request);
        state.answers.pop_front().or(judged)
    }
}

impl<R: Clone, A> Script<R, A> {
    /// What has come so far, in order.
    #[must_use]
    pub fn received(&self) -> Vec<R> {
        self.state().received.clone()
    }

    /// The same as soon as so much has come.
    ///
    /// # Panics
    /// If that takes longer than [`PATIENCE`].
    pub async fn wait_for(&self, requests: usize) -> Vec<R> {
        let waiting = async {
            while self.state().received.len() < requests {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, waiting).await;
        assert!(in_time.is_ok(), "{requests} requests do not come");
        self.received()
    }
}

impl<R, A> Default for Script<R, A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R, A> Clone for Script<R, A> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R, A> fmt::Debug for Script<R, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").finish_non_exhaustive()
    }
}
