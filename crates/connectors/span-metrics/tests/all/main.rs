//! The connector as the graph builds it, on a paused clock.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bounds;
mod config;
mod delta;
mod dimensions;
mod flow;
mod hostile;
mod support;
mod tempo;
