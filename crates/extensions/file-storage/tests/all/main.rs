//! The extension on real folders.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod config;
mod storing;
mod support;
