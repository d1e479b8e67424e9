//! The `cumulative_to_delta` processor: turns cumulative monotonic sums and histograms into
//! deltas.
//!
//! Of each stream the last point is remembered, as numbers only; points are rewritten in place,
//! what else they carry is copied.

mod config;
mod convert;
mod exponential;
mod factory;
mod instruments;
mod processor;
mod selection;
mod tracker;

pub use config::{
    CumulativeToDeltaConfig as Config, InitialValue, MatchConfig, MatchType, MetricType,
    RegexpConfig,
};
pub use factory::factory;

headwater_core::register!(factory);
