//! The processor as the graph builds it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod config;
mod flow;
mod geoip;
mod hostile;
mod metrics;
mod mmdb;
mod seeds;
mod stages;
mod support;
