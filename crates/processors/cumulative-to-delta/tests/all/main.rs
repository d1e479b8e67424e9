//! The processor as the graph builds it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod config;
mod points;

use headwater_config::testing::decode;
use headwater_core::Signal;
use headwater_processor_cumulative_to_delta::{Config, factory};
use headwater_testkit::InlineSetup;

fn setup(yaml: &str) -> InlineSetup {
    let (config, _) = decode::<Config>(yaml).unwrap_or_else(|errors| panic!("{errors}"));
    InlineSetup::new(&factory(), Signal::Metrics, &config)
}
