//! What the user writes.

use std::time::Duration;

use headwater_core::config::{Config, Validation};

/// Configuration of the `cumulative_to_delta` processor. Source: Go
/// `cumulativetodeltaprocessor.Config`.
#[derive(Debug, Clone, PartialEq, Eq, Config)]
#[config(validate = Self::check)]
pub struct CumulativeToDeltaConfig {
    /// How long a stream is remembered after the time of its last point; 0 for ever.
    pub max_staleness: Duration,
    /// What becomes of a stream's first point: `auto` passes it on if its start is known and lies
    /// behind the start of the processor, `keep` always, `drop` never.
    pub initial_value: InitialValue,
    /// The metrics to convert; all if nothing is written.
    pub include: MatchConfig,
    /// The metrics not to convert.
    pub exclude: MatchConfig,
    /// How many streams are remembered at most; points of further ones are dropped. Headwater's
    /// own key.
    pub max_streams: u32,
}

/// What becomes of the first point.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub enum InitialValue {
    /// Passed on if it can be told since when it counts.
    #[default]
    Auto,
    /// Passed on.
    Keep,
    /// Dropped.
    Drop,
}

/// Which metrics are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
pub struct MatchConfig {
    /// How `metrics` are written: `strict` or `regexp`.
    pub match_type: Option<MatchType>,
    /// How results are remembered, with `match_type: regexp`.
    #[config(ignored = "patterns take time linear in the name")]
    pub regexp: Option<RegexpConfig>,
    /// The names.
    pub metrics: Vec<String>,
    /// The kinds: `sum`, `histogram`, `exponentialhistogram`.
    pub metric_types: Vec<MetricType>,
}

/// How names are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub enum MatchType {
    /// As they are.
    #[default]
    Strict,
    /// As patterns that match anywhere.
    Regexp,
}

/// How results of patterns are remembered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
pub struct RegexpConfig {
    /// Whether they are.
    pub cacheenabled: bool,
    /// How many.
    pub cachemaxnumentries: i64,
}

/// A kind of metric.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
#[config(case_insensitive)]
pub enum MetricType {
    /// A sum.
    #[default]
    Sum,
    /// Explicit buckets.
    Histogram,
    /// Exponential buckets.
    #[config(rename = "exponentialhistogram")]
    ExponentialHistogram,
}

impl Default for CumulativeToDeltaConfig {
    fn default() -> Self {
        Self {
            max_staleness: Duration::from_secs(3600),
            initial_value: InitialValue::Auto,
            include: MatchConfig::default(),
            exclude: MatchConfig::default(),
            max_streams: 1_000_000,
        }
    }
}

impl CumulativeToDeltaConfig {
    fn check(&self, v: &mut Validation<'_>) {
        for (key, matching) in [("include", &self.include), ("exclude", &self.exclude)] {
            v.child(key, |v| matching.check(v));
        }
        if self.max_streams == 0 {
            v.error("max_streams", "must be positive");
        }
    }
}

impl MatchConfig {
    fn check(&self, v: &mut Validation<'_>) {
        if self.match_type.is_none() && !self.metrics.is_empty() {
            v.error("", "match_type must be set if metrics are supplied")
                .help("write `match_type: strict` or `match_type: regexp`");
        }
        if self.match_type.is_some() && self.metrics.is_empty() {
            v.error(
                "match_type",
                "metrics must be supplied if match_type is set",
            );
        }
        if self.match_type == Some(MatchType::Regexp) {
            for (index, pattern) in self.metrics.iter().enumerate() {
                if let Err(error) = headwater_regexp::compile(pattern) {
                    let message = format!("`{pattern}` is not a regular expression: {error}");
                    v.error(&format!("metrics::{index}"), message);
                }
            }
        }
    }
}
