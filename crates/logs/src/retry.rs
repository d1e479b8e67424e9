//! Retries towards the pipeline: what the log receivers share.

use std::time::Duration;

use headwater_core::config::Config;

/// How often what was refused is offered again. Source: Go `stanza`, `consumerretry.Config`.
#[derive(Debug, Clone, Config)]
pub struct RetryConfig {
    /// Gives up after `max_elapsed_time`. Otherwise nothing is given up that may succeed later.
    pub enabled: bool,
    /// The first wait.
    pub initial_interval: Duration,
    /// The longest wait.
    pub max_interval: Duration,
    /// How long to try. 0 means for ever.
    pub max_elapsed_time: Duration,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            initial_interval: Duration::from_secs(1),
            max_interval: Duration::from_secs(30),
            max_elapsed_time: Duration::from_secs(300),
        }
    }
}
