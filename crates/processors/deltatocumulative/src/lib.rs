//! The `deltatocumulative` processor: adds the deltas of sums and histograms up.
//!
//! Of each stream the sum so far is kept, as numbers only; points are rewritten in place, what
//! else they carry is copied.

mod accumulator;
mod config;
mod convert;
mod exponential;
mod factory;
mod instruments;
mod processor;
mod range;

pub use config::DeltaToCumulativeConfig as Config;
pub use factory::factory;

headwater_core::register!(factory);
