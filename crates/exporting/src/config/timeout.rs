//! `timeout`.

use std::time::Duration;

use headwater_core::config::Config;

/// How long one attempt may take; squash it into an exporter's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Config)]
pub struct TimeoutConfig {
    /// How long one attempt to send may take. 0: no limit.
    pub timeout: Duration,
}

impl Default for TimeoutConfig {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(5),
        }
    }
}
