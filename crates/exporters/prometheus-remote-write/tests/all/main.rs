//! The exporter as the graph builds it, against receivers on loopback.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

mod answers;
mod cases;
mod checks;
mod config;
mod custom;
mod delivery;
mod differential;
mod edges;
mod pieces;
mod support;
