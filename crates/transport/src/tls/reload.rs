//! Configurations that are made again when their files have changed.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::TlsError;

/// What a file looked like; a change of it is a reason to read the file again.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Look(Option<(SystemTime, u64)>);

impl Look {
    fn at(path: &str) -> Self {
        // Kubernetes swaps a symbolic link; following it sees that.
        let seen = std::fs::metadata(Path::new(path));
        Self(
            seen.ok()
                .and_then(|meta| Some((meta.modified().ok()?, meta.len()))),
        )
    }
}

struct State<T> {
    current: Arc<T>,
    looks: Vec<Look>,
    checked: Instant,
}

/// A value made from files, at most so old as an interval allows.
///
/// It is looked at during handshakes only: nothing runs while nobody connects. A file that
/// cannot be used leaves the old value in place and is reported.
pub(super) struct Reloading<T> {
    /// `None` never looks again.
    interval: Option<Duration>,
    paths: Vec<String>,
    state: Mutex<State<T>>,
}

impl<T> Reloading<T> {
    pub(super) fn new(value: T, interval: Option<Duration>, paths: Vec<String>) -> Self {
        let looks = paths.iter().map(|path| Look::at(path)).collect();
        let state = State {
            current: Arc::new(value),
            looks,
            checked: Instant::now(),
        };
        Self {
            interval,
            paths,
            state: Mutex::new(state),
        }
    }

    /// The value, made again if it is due and a file has changed.
    pub(super) fn get(&self, make: impl FnOnce() -> Result<T, TlsError>) -> Arc<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let due = self
            .interval
            .is_some_and(|interval| state.checked.elapsed() >= interval);
        if due {
            state.checked = Instant::now();
            let looks: Vec<_> = self.paths.iter().map(|path| Look::at(path)).collect();
            if looks != state.looks {
                match make() {
                    Ok(value) => {
                        state.current = Arc::new(value);
                        state.looks = looks;
                        tracing::info!(files = ?self.paths, "TLS files have changed and were read again");
                    }
                    Err(error) => {
                        tracing::warn!(%error, "changed TLS files cannot be used, the old ones stay");
                    }
                }
            }
        }
        Arc::clone(&state.current)
    }
}
