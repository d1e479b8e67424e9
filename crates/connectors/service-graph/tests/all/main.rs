//! The connector as the graph of pipelines builds it, on a paused clock.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bounds;
mod calls;
mod config;
mod support;
mod tempo;
mod virtual_nodes;
