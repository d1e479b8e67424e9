//! Tests of the `tempo` exporter.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod config;
mod delivery;
mod support;
