//! What the exporter writes, as the graph builds it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod config;
mod log;
mod requests;
mod text;
