//! How a discovery goes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// How a discovery goes, shared with it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Health(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    succeeded: Option<Instant>,
    error: Option<String>,
    targets: usize,
}

/// What there is to say about a discovery now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthStatus {
    /// What it is, for example `dns_sd _node._tcp.example.com`. Holds no secret.
    pub name: String,
    /// When its source answered last; none if it never has.
    pub succeeded: Option<Instant>,
    /// Why it failed since, if it did.
    pub error: Option<String>,
    /// How many targets its last good list has.
    pub targets: usize,
}

impl Health {
    /// Of a discovery that has not begun; `name` must hold no secret.
    #[must_use]
    pub fn new(name: String) -> Self {
        Self(Arc::new(Inner {
            name,
            state: Mutex::default(),
        }))
    }

    /// What there is to say now.
    #[must_use]
    pub fn status(&self) -> HealthStatus {
        let state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        HealthStatus {
            name: self.0.name.clone(),
            succeeded: state.succeeded,
            error: state.error.clone(),
            targets: state.targets,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    /// The source has answered, with so many targets.
    pub fn success(&self, targets: usize) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.succeeded = Some(Instant::now());
        state.error = None;
        state.targets = targets;
    }

    /// The source has failed. `true` if this is another error than the last time, and so worth a line
    /// in the log.
    pub fn failure(&self, error: &str) -> bool {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        let news = state.error.as_deref() != Some(error);
        state.error = Some(error.to_owned());
        news
    }
}
