//! Tests of the `loki` receiver.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod config;
mod grpc;
mod requests;
mod support;
