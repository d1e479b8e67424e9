//! The receiver as clients see it, on loopback.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod config;
mod garbage;
mod server;
mod support;
mod v1;
mod v2;
