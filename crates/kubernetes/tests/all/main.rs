//! Discovery against an API server of our own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod access;
mod config;
mod events;
mod failures;
mod follow;
mod groups;
mod prometheus;
mod property;
mod shared;
