//! The exporter as the graph builds it, against servers on loopback.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod config;
mod delivery;
mod failures;
mod support;
