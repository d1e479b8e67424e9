//! `retry_on_failure`.

use std::time::Duration;

use headwater_core::config::{Config, Validation};

/// How often and when a failed request is sent again. Source: Go `configretry.BackOffConfig`.
#[derive(Debug, Clone, PartialEq, Config)]
#[config(validate = Self::check)]
pub struct RetryConfig {
    /// Whether failed requests are sent again.
    pub enabled: bool,
    /// The wait after the first failure.
    pub initial_interval: Duration,
    /// How far a wait may lie from its interval, as a share of it: 0 to 1.
    pub randomization_factor: f64,
    /// What an interval is multiplied by to give the next.
    pub multiplier: f64,
    /// The longest interval.
    pub max_interval: Duration,
    /// How long one request is tried, waits included, from its first attempt on; then it is
    /// dropped. 0: for ever.
    pub max_elapsed_time: Duration,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            initial_interval: Duration::from_secs(5),
            randomization_factor: 0.5,
            multiplier: 1.5,
            max_interval: Duration::from_secs(30),
            max_elapsed_time: Duration::from_secs(300),
        }
    }
}

impl RetryConfig {
    fn check(&self, v: &mut Validation<'_>) {
        if !self.enabled {
            return;
        }
        if !(0.0..=1.0).contains(&self.randomization_factor) {
            v.error(
                "randomization_factor",
                "'randomization_factor' must be within [0, 1]",
            );
        }
        if !(self.multiplier >= 0.0 && self.multiplier.is_finite()) {
            v.error("multiplier", "'multiplier' must be non-negative");
        }
        if self.max_elapsed_time.is_zero() {
            return;
        }
        for (name, interval) in [
            ("initial_interval", self.initial_interval),
            ("max_interval", self.max_interval),
        ] {
            if self.max_elapsed_time < interval {
                v.error(
                    "max_elapsed_time",
                    format!("'max_elapsed_time' must not be less than '{name}'"),
                );
            }
        }
    }
}
