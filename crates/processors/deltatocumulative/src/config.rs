//! What the user writes.

use std::time::Duration;

use headwater_core::config::{Config, Validation};

/// Configuration of the `deltatocumulative` processor. Source: Go
/// `deltatocumulativeprocessor.Config`.
#[derive(Debug, Clone, PartialEq, Eq, Config)]
#[config(validate = Self::check)]
pub struct DeltaToCumulativeConfig {
    /// How long a stream is kept after its last point.
    pub max_stale: Duration,
    /// How many streams are kept at most; points of further ones are dropped.
    pub max_streams: u64,
}

impl Default for DeltaToCumulativeConfig {
    fn default() -> Self {
        Self {
            max_stale: Duration::from_secs(300),
            max_streams: 1_000_000,
        }
    }
}

impl DeltaToCumulativeConfig {
    fn check(&self, v: &mut Validation<'_>) {
        if self.max_stale.is_zero() {
            v.error(
                "max_stale",
                "max_stale must be a positive duration (got 0s)",
            );
        }
    }
}
