//! `sampling`: keeps a share of the lines.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use headwater_core::config::{Config, Validation};
use headwater_core::telemetry::Counter;

use crate::build::Builder;
use crate::entry::Entry;
use crate::pipeline::{Edit, Run, Verdict};

/// Arguments of `sampling`. Source: Alloy `stages.SamplingConfig`.
#[derive(Debug, Clone, PartialEq, Config)]
#[config(validate = Self::check)]
pub(crate) struct SamplingConfig {
    /// The share that is kept, from 0 to 1. Required.
    pub(crate) rate: f64,
    /// The reason under which dropped lines are counted.
    pub(crate) drop_counter_reason: String,
}

impl Default for SamplingConfig {
    fn default() -> Self {
        Self {
            rate: -1.0,
            drop_counter_reason: "sampling_stage".to_owned(),
        }
    }
}

impl SamplingConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        if !(0.0..=1.0).contains(&self.rate) {
            validation.error("rate", "the sampling rate must be between 0.0 and 1.0");
        }
    }
}

/// Keeps a share of the lines.
#[derive(Debug)]
pub(crate) struct Sampling {
    /// Kept is what is below.
    below: u64,
    all: bool,
    seed: u64,
    count: AtomicU64,
    dropped: Counter,
}

impl Sampling {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of all numbers"
    )]
    pub(crate) fn new(config: &SamplingConfig, builder: &Builder<'_>) -> Self {
        Self {
            below: (config.rate * u64::MAX as f64) as u64,
            all: config.rate >= 1.0,
            seed: RandomState::new().build_hasher().finish(),
            count: AtomicU64::new(0),
            dropped: builder.dropped(&config.drop_counter_reason),
        }
    }
}

/// Steele, Lea and Flood's `SplitMix64`: a well mixed number for each count.
const fn mix(seed: u64, count: u64) -> u64 {
    let mut z = seed.wrapping_add(count.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Edit for Sampling {
    fn edit<'a>(&'a self, _: &mut Entry<'a>, _: &mut Run) -> Verdict {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        if self.all || mix(self.seed, count) < self.below {
            return Verdict::Keep;
        }
        self.dropped.add(1);
        Verdict::Drop
    }
}
