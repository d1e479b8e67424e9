//! The receiver with real senders.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod config;
mod receiving;
mod support;
