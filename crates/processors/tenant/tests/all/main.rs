//! The processor as the graph builds it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod config;
mod limits;
mod log;
mod many;
mod names;
mod overrides;
mod resources;
mod support;
