//! The receiver against an API server of our own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod config;
mod delivery;
mod following;
mod records;
mod restart;
mod seed;
mod support;
