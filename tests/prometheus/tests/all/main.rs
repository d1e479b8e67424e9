//! What a real Prometheus makes of what we send it, and of the same targets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

mod alike;
mod differential;
mod kubernetes;
mod page;
mod patterns;
mod pipeline;
mod remote_write;
mod samples;
mod scrape;
mod target;
mod targets;
mod version_3;
