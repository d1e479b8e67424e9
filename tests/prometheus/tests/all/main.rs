//! What a real Prometheus makes of what we send it, and of the same targets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod page;
mod remote_write;
mod samples;
mod scrape;
