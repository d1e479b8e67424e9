//! Readers of log files under test: ours, and the Go collector beside it.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "part of tests, which fail by panicking and say when they are skipped"
)]

mod go;
mod ours;
mod record;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub use go::Go;
pub use ours::Ours;
pub use record::Record;

/// How long anything may take before a test fails.
pub const LIMIT: Duration = Duration::from_secs(90);

/// A program for tests: `$variable`, else the first of `names` that is there.
#[must_use]
pub fn program(variable: &str, names: &[&str]) -> Option<PathBuf> {
    let given = std::env::var_os(variable).map(PathBuf::from);
    let found = given.or_else(|| {
        let known = names.iter().map(PathBuf::from);
        known.into_iter().find(|path| path.is_file())
    });
    if found.is_none() {
        eprintln!("skipped: set {variable} to the program");
    }
    found
}

/// Appends to a file, which is made if it is missing.
pub fn append(path: &Path, text: impl AsRef<[u8]>) {
    use std::io::Write;
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .unwrap();
    file.write_all(text.as_ref()).unwrap();
}

/// Waits until something is so; `what` says what is not.
pub async fn until(mut so: impl FnMut() -> bool, what: impl Fn() -> String) {
    let begin = Instant::now();
    while !so() {
        assert!(begin.elapsed() < LIMIT, "{}", what());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
