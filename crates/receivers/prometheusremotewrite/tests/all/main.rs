//! The receiver as the graph builds it, against clients on loopback.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod config;
mod requests;
mod support;
