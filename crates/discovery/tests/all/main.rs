//! Discoveries against files, servers and name servers of a test.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod dns;
mod files;
mod http;
mod running;

use headwater_config::testing::decode;
use headwater_core::config::Config;

/// A configuration that has nothing wrong with it.
fn config<T: Config + Default>(yaml: &str) -> T {
    decode::<T>(yaml).unwrap().0
}
