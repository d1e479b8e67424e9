//! Configurations that are made again when their files have changed.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::TlsError;

/// A hash of what a file held; `None` if it cannot be read. Times and lengths are not enough: a
/// new certificate can be as long as the old one and as old as the clock's last tick.
type Look = Option<u64>;

fn look(path: &String) -> Look {
    let content = std::fs::read(path).ok()?;
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    Some(hasher.finish())
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
    pub(super) fn try_new(
        interval: Option<Duration>,
        paths: Vec<String>,
        make: impl FnOnce() -> Result<T, TlsError>,
    ) -> Result<Self, TlsError> {
        // Before the files are used: a change in between is then seen later.
        let looks = paths.iter().map(look).collect();
        let state = State {
            current: Arc::new(make()?),
            looks,
            checked: Instant::now(),
        };
        Ok(Self {
            interval,
            paths,
            state: Mutex::new(state),
        })
    }

    /// The value, made again if it is due and a file has changed.
    pub(super) fn get(&self, make: impl FnOnce() -> Result<T, TlsError>) -> Arc<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let due = self
            .interval
            .is_some_and(|interval| state.checked.elapsed() >= interval);
        if due {
            state.checked = Instant::now();
            let looks: Vec<_> = self.paths.iter().map(look).collect();
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
