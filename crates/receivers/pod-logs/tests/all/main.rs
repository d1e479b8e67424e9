//! The receiver as the graph builds it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cluster;
mod config;
mod files;
mod support;
