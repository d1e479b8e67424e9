//! How often the hot path allocates, counted per thread: a collector runs alone on its thread, its
//! clients and its backend on others; a component that is called by itself runs on the test's.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod component;
mod counting;
mod hot_path;
mod loki_process;
mod setup;
mod span_metrics;
