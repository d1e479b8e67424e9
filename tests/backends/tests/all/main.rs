//! What real backends make of what we send them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

mod decoder;
mod logs;
mod loki;
mod tempo;
