//! The processor as the graph builds it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod config;
mod hostile;
mod logs;
mod support;
mod traces;
