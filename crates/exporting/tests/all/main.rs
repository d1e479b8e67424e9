//! The exporter's surroundings, on a paused clock.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod backlog;
mod batch;
mod concurrency;
mod config;
mod queue;
mod retry;
mod shutdown;
mod support;
