//! The processor as the graph builds it, on a paused clock.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod config;
mod flow;
