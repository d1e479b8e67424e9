//! How often the hot path allocates, counted per thread: the collector runs alone on its thread,
//! its clients and its backend on others.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod counting;
mod hot_path;
mod setup;
