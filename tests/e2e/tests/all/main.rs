//! End-to-end tests: real binaries, real SDKs, real peers. Plain `cargo test` only compiles
//! them; `tests/e2e/run` runs them.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests and what only they use"
)]

mod cli;
mod compression;
mod differential;
mod distributions;
mod failure;
mod hostile;
mod hub;
mod memory;
mod pattern_c;
mod peers;
mod readme;
mod sdks;
mod shutdown;
mod sidecar;
mod three_patterns;
