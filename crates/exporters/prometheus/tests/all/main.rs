//! The exporter as the graph builds it, and its page.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod config;
mod page;
mod support;
