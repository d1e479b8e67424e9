//! Files that are read again when they have changed.

use std::hash::{BuildHasher as _, RandomState};
use std::io::Read as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{fmt, fs, io};

use thiserror::Error;
use tokio::time::Instant;

/// How old what was read from a file may be.
pub const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// The longest file that is read, in bytes: 16 MiB.
pub const LONGEST_FILE: u64 = 16 << 20;

/// Why a file cannot be used.
#[derive(Debug, Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("cannot read the {what} from {path:?}{}", hint(source))]
    Read {
        /// What it holds.
        what: &'static str,
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// It does not hold what it should.
    #[error("the {what} in {path:?} cannot be used: {reason}")]
    Content {
        /// What it should hold.
        what: &'static str,
        /// The file.
        path: String,
        /// What is wrong, without any of the secret.
        reason: String,
    },
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => " (is the secret or volume mounted there?)",
        io::ErrorKind::PermissionDenied => {
            " (the user that runs this process must be able to read it)"
        }
        _ => "",
    }
}

type Parse<T> = Box<dyn Fn(&str) -> Result<T, String> + Send + Sync>;

/// What a file holds, at most [`LOOK_INTERVAL`] old.
pub struct Watched<T> {
    what: &'static str,
    path: String,
    parse: Parse<T>,
    span: tracing::Span,
    hasher: RandomState,
    state: Mutex<State<T>>,
}

struct State<T> {
    current: Arc<T>,
    /// A hash of what the file held: times and lengths are not enough, a new token can be as long
    /// as the old one and as old as the clock's last tick.
    seen: u64,
    looked: Instant,
    /// Whether the last look failed, so that it is said once.
    failing: bool,
}

impl<T> Watched<T> {
    /// Reads the file for the first time. `what` names what it holds, in log lines and errors;
    /// `parse` says what is wrong without any of the secret; `span` is the component's.
    ///
    /// # Errors
    /// [`FileError`] if it cannot be read or used.
    pub fn open(
        what: &'static str,
        path: &str,
        span: &tracing::Span,
        parse: impl Fn(&str) -> Result<T, String> + Send + Sync + 'static,
    ) -> Result<Self, FileError> {
        let text = read(what, path)?;
        let hasher = RandomState::new();
        let current = parse(&text).map_err(|reason| content(what, path, reason))?;
        Ok(Self {
            state: Mutex::new(State {
                current: Arc::new(current),
                seen: hasher.hash_one(&text),
                looked: Instant::now(),
                failing: false,
            }),
            what,
            path: path.to_owned(),
            parse: Box::new(parse),
            span: span.clone(),
            hasher,
        })
    }

    /// What the file holds. It is looked at if that is due; to read one takes less than to hand it
    /// to a thread.
    pub fn get(&self) -> Arc<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.looked.elapsed() >= LOOK_INTERVAL {
            state.looked = Instant::now();
            match self.look(state.seen) {
                Ok(None) => state.failing = false,
                Ok(Some((seen, value))) => {
                    state.current = Arc::new(value);
                    state.seen = seen;
                    state.failing = false;
                    tracing::info!(
                        parent: &self.span,
                        file = self.path,
                        "The {} have changed and were read again",
                        self.what
                    );
                }
                Err(error) if !state.failing => {
                    state.failing = true;
                    self.report(&error);
                }
                Err(_) => {}
            }
        }
        Arc::clone(&state.current)
    }

    /// A file that is missing may come back by itself; what is wrong in it, somebody has to mend.
    fn report(&self, error: &FileError) {
        const STAYS: &str = "What the file held before stays in use";
        match error {
            FileError::Read { source, .. } => {
                tracing::warn!(parent: &self.span, %error, cause = %source, "{STAYS}");
            }
            FileError::Content { .. } => tracing::error!(parent: &self.span, %error, "{STAYS}"),
        }
    }

    fn look(&self, seen: u64) -> Result<Option<(u64, T)>, FileError> {
        let text = read(self.what, &self.path)?;
        let now = self.hasher.hash_one(&text);
        if now == seen {
            return Ok(None);
        }
        let value = (self.parse)(&text);
        value
            .map(|value| Some((now, value)))
            .map_err(|reason| content(self.what, &self.path, reason))
    }
}

impl<T> fmt::Debug for Watched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched")
            .field("what", &self.what)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

fn content(what: &'static str, path: &str, reason: String) -> FileError {
    FileError::Content {
        what,
        path: path.to_owned(),
        reason,
    }
}

fn read(what: &'static str, path: &str) -> Result<String, FileError> {
    let mut text = String::new();
    let read =
        fs::File::open(path).and_then(|file| file.take(LONGEST_FILE + 1).read_to_string(&mut text));
    match read {
        Ok(length) if length as u64 <= LONGEST_FILE => Ok(text),
        Ok(_) => {
            let reason = format!("it is longer than {LONGEST_FILE} bytes");
            Err(content(what, path, reason))
        }
        Err(source) => Err(FileError::Read {
            what,
            path: path.to_owned(),
            source,
        }),
    }
}
