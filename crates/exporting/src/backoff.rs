//! Exponential waits between attempts. Source: Go `cenkalti/backoff`, as configretry uses it.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::config::RetryConfig;

/// Where the randomness of waits comes from: numbers from 0 up to 1.
#[derive(Clone)]
pub struct Jitter(Arc<dyn Fn() -> f64 + Send + Sync>);

impl Jitter {
    /// Numbers from `source`; tests give a constant, 0.5 leaves every interval as it is.
    pub fn new(source: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(source))
    }

    fn next(&self) -> f64 {
        (self.0)()
    }
}

/// Numbers that differ between processes and exporters. Not for secrets.
impl Default for Jitter {
    fn default() -> Self {
        let state = AtomicU64::new(RandomState::new().hash_one(0));
        Self::new(move || {
            // SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators".
            let mut z = state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            // 53 bits fill the mantissa exactly.
            ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
        })
    }
}

impl fmt::Debug for Jitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Jitter")
    }
}

/// The waits of one request, for exporters that try again themselves.
#[derive(Debug)]
pub struct Backoff<'a> {
    config: &'a RetryConfig,
    jitter: &'a Jitter,
    /// The coming interval in seconds.
    interval: f64,
}

impl<'a> Backoff<'a> {
    /// Waits as configured, from the first one on.
    #[must_use]
    pub fn new(config: &'a RetryConfig, jitter: &'a Jitter) -> Self {
        let interval = config.initial_interval.as_secs_f64();
        Self {
            config,
            jitter,
            interval,
        }
    }

    /// The wait before the next attempt: somewhere in the interval times 1 ± the factor.
    #[expect(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> Duration {
        let longest = self.config.max_interval;
        let spread = self.interval * self.config.randomization_factor;
        let wait = self.interval - spread + 2.0 * spread * self.jitter.next();
        self.interval = (self.interval * self.config.multiplier).min(longest.as_secs_f64());
        // Fails for more seconds than a duration holds.
        Duration::try_from_secs_f64(wait).unwrap_or(longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(config: &RetryConfig, jitter: f64, count: usize) -> Vec<f64> {
        let jitter = Jitter::new(move || jitter);
        let mut backoff = Backoff::new(config, &jitter);
        (0..count).map(|_| backoff.next().as_secs_f64()).collect()
    }

    #[test]
    fn intervals_grow_by_the_multiplier_up_to_the_longest() {
        let waits = waits(&RetryConfig::default(), 0.5, 7);
        assert_eq!(waits, [5.0, 7.5, 11.25, 16.875, 25.3125, 30.0, 30.0]);
    }

    #[test]
    fn the_factor_is_the_distance_from_the_interval() {
        let config = RetryConfig::default();
        assert_eq!(waits(&config, 0.0, 1), [2.5]);
        assert_eq!(waits(&config, 1.0, 2), [7.5, 11.25]);
        let steady = RetryConfig {
            randomization_factor: 0.0,
            ..config
        };
        assert_eq!(waits(&steady, 0.9, 2), [5.0, 7.5]);
    }

    #[test]
    fn absurd_numbers_end_at_the_longest_interval() {
        let config = RetryConfig {
            multiplier: f64::MAX,
            ..RetryConfig::default()
        };
        assert_eq!(waits(&config, 0.5, 3), [5.0, 30.0, 30.0]);
    }

    #[test]
    fn the_default_source_fills_its_range() {
        let jitter = Jitter::default();
        let numbers: Vec<f64> = (0..1000).map(|_| jitter.next()).collect();
        assert!(numbers.iter().all(|n| (0.0..1.0).contains(n)));
        assert!(numbers.iter().any(|n| *n < 0.1) && numbers.iter().any(|n| *n > 0.9));
    }
}
