//! What the end-to-end tests are written with: real binaries as child processes, a backend that
//! can misbehave, raw clients, certificates, and a comparison of telemetry that does not use this
//! repository's own decoder.
//!
//! Everything listens on loopback, every wait ends, and a collector dies with the test that
//! started it. Run the tests with `tests/e2e/run`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a harness: what goes wrong here is a failed test"
)]

pub mod binary;
pub mod certificates;
pub mod clients;
pub mod collector;
pub mod encoding;
pub mod grpc;
pub mod http;
pub mod items;
pub mod message;
pub mod output;
pub mod ports;
pub mod samples;
pub mod scrape;
pub mod sink;
pub mod wait;
pub mod yaml;

pub use binary::Binary;
pub use collector::{Collector, Launch};
pub use encoding::Encoding;
pub use items::Items;
pub use message::{Message, Signal};
pub use sink::{Answer, Sink};
