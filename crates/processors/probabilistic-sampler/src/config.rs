//! What the user writes.

use headwater_core::config::{Config, Validation};
use headwater_sampling::MIN_PROBABILITY;

/// Configuration of the `probabilistic_sampler` processor. Source: Go
/// `probabilisticsamplerprocessor.Config`.
#[derive(Debug, Clone, PartialEq, Config)]
#[config(validate = Self::check)]
pub struct ProbabilisticSamplerConfig {
    /// How many of a hundred are kept. 100 and more keeps all, 0 none.
    pub sampling_percentage: f64,
    /// Makes samplers decide differently, with `mode: hash_seed`.
    pub hash_seed: u32,
    /// How it is decided: `hash_seed` by a hash of the trace id; `equalizing` by the randomness
    /// of the trace id, so that all end up with the same share; `proportional` by the same, so
    /// that everybody's share becomes smaller.
    pub mode: Mode,
    /// Whether items that cannot be decided upon are dropped.
    pub fail_closed: bool,
    /// How many hexadecimal digits thresholds have, 1 to 14.
    pub sampling_precision: u32,
    /// Logs only: what decides, `traceID` or, of the record, `from_attribute`.
    pub attribute_source: AttributeSource,
    /// Logs only: the attribute that decides where there is no trace id, or with
    /// `attribute_source: record`. For `mode: hash_seed`.
    pub from_attribute: String,
    /// Logs only: an attribute with a number from 0 to 100 that is used as the percentage.
    pub sampling_priority: String,
}

/// How it is decided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub enum Mode {
    /// By a hash.
    #[default]
    #[config(alias = "")]
    HashSeed,
    /// By randomness, all with the same threshold.
    Equalizing,
    /// By randomness, each with a threshold that builds on the one before.
    Proportional,
}

/// What decides about a log record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub enum AttributeSource {
    /// The trace id.
    #[default]
    #[config(rename = "traceID")]
    TraceId,
    /// An attribute.
    #[config(alias = "")]
    Record,
}

impl Default for ProbabilisticSamplerConfig {
    fn default() -> Self {
        Self {
            sampling_percentage: 0.0,
            hash_seed: 0,
            mode: Mode::HashSeed,
            fail_closed: true,
            sampling_precision: 4,
            attribute_source: AttributeSource::TraceId,
            from_attribute: String::new(),
            sampling_priority: String::new(),
        }
    }
}

impl ProbabilisticSamplerConfig {
    fn check(&self, v: &mut Validation<'_>) {
        let percentage = self.sampling_percentage;
        let key = "sampling_percentage";
        if !percentage.is_finite() {
            v.error(key, format!("sampling rate is invalid: {percentage}%"));
        } else if percentage < 0.0 {
            v.error(key, format!("sampling rate is negative: {percentage}%"));
        } else if percentage > 0.0 && percentage / 100.0 < MIN_PROBABILITY {
            v.error(key, format!("sampling rate is too small: {percentage}%"));
        }
        if !(1..=14).contains(&self.sampling_precision) {
            v.error("sampling_precision", "must be from 1 to 14");
        }
    }
}
