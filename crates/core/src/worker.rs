//! Which of the process's workers runs the current code.
//!
//! A distribution on N CPUs runs N single-threaded runtimes. Components that keep a connection
//! or a compressor per worker index it with [`current`]. In an embedding program everything is
//! worker 0.

use std::cell::Cell;

thread_local! {
    static CURRENT: Cell<usize> = const { Cell::new(0) };
}

/// The index of the worker that runs the caller, 0 outside any.
#[must_use]
pub fn current() -> usize {
    CURRENT.get()
}

/// Marks the calling thread as worker `index`. The service calls it once per worker thread.
pub fn enter(index: usize) {
    CURRENT.set(index);
}
