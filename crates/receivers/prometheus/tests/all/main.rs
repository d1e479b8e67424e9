//! The receiver in front of real HTTP targets on loopback.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod allocator;
mod bad;
mod config;
mod discovery;
mod formats;
mod list;
mod setup;
mod target;
