//! What the user writes.

use std::time::Duration;

use headwater_aggregation::{DEFAULT_MAX_SIZE, DURATION_BOUNDS};
use headwater_core::config::{Config, Optional, Validation};

/// The attributes that every series has.
pub(crate) const INTRINSIC: [&str; 5] = [
    "service.name",
    "span.name",
    "span.kind",
    "status.code",
    "collector.instance.id",
];

/// Configuration of the `span_metrics` connector. Source: Go `spanmetricsconnector.Config`.
#[derive(Debug, Clone, PartialEq, Config)]
#[config(validate = Self::check)]
pub struct SpanMetricsConfig {
    /// Whose names metrics and attributes have: `contrib` for the Collector's, or `tempo` for
    /// those of Tempo's metrics-generator. Headwater's own key.
    pub naming: Naming,
    /// What the metrics' names begin with; a `.` follows. Without effect with `naming: tempo`.
    pub namespace: String,
    /// Attributes of spans, or else of their resources, that become attributes of every metric.
    pub dimensions: Vec<DimensionConfig>,
    /// Further ones of the metric that counts spans.
    pub calls_dimensions: Vec<DimensionConfig>,
    /// Which of `service.name`, `span.name`, `span.kind`, `status.code` and
    /// `collector.instance.id` to leave out.
    pub exclude_dimensions: Vec<String>,
    /// Without effect today; see `aggregation_cardinality_limit`.
    #[config(ignored = "use `aggregation_cardinality_limit`, which bounds the series themselves")]
    pub dimensions_cache_size: i64,
    /// How many resources there are metrics of at most; those that were seen longest ago are
    /// sent a last time and forgotten.
    pub resource_metrics_cache_size: u32,
    /// The attributes that tell resources apart; if there are none, all attributes do.
    pub resource_metrics_key_attributes: Vec<String>,
    /// `AGGREGATION_TEMPORALITY_CUMULATIVE` or `AGGREGATION_TEMPORALITY_DELTA`.
    pub aggregation_temporality: Temporality,
    /// The distribution of durations.
    pub histogram: HistogramConfig,
    /// How often metrics are sent.
    pub metrics_flush_interval: Duration,
    /// How long the metrics of a resource are sent after its last span; 0 for ever.
    pub metrics_expiration: Duration,
    /// How long a series is sent after its last span; 0 for ever.
    pub series_expiration: Duration,
    /// How many series' last times are remembered, from which delta points begin.
    pub metric_timestamp_cache_size: i64,
    /// Spans as examples of what was measured.
    pub exemplars: ExemplarsConfig,
    /// A metric that counts the events of spans.
    pub events: EventsConfig,
    /// Names of instrumentation scopes that become attributes of their spans' metrics.
    pub include_instrumentation_scope: Vec<String>,
    /// How many series each metric of a resource has at most; what is beyond is counted in one
    /// with the attribute `otel.metric.overflow`. 0 means no limit but `max_series`.
    pub aggregation_cardinality_limit: i64,
    /// Whether metrics have the attributes of the resources. They always have with `naming:
    /// contrib`; with `naming: tempo` only then, and resources are told apart only then.
    pub add_resource_attributes: bool,
    /// Whether the attribute `sampling.method` tells if counts were multiplied because of
    /// sampling (`extrapolated`) or not (`counted`).
    pub enable_metrics_sampling_method: bool,
    /// How many series there are at most, of all resources; what is beyond is counted as with
    /// `aggregation_cardinality_limit`. Headwater's own key.
    pub max_series: u32,
}

/// Whose names the metrics have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub enum Naming {
    /// The Collector's.
    #[default]
    Contrib,
    /// Those of Tempo's metrics-generator.
    Tempo,
}

/// From when points count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub enum Temporality {
    /// From the series' start.
    #[default]
    #[config(rename = "AGGREGATION_TEMPORALITY_CUMULATIVE")]
    Cumulative,
    /// From the last flush.
    #[config(rename = "AGGREGATION_TEMPORALITY_DELTA")]
    Delta,
}

/// An attribute to tell series apart by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
pub struct DimensionConfig {
    /// The name of the attribute.
    pub name: String,
    /// The value where neither span nor resource has the attribute. Without it the metric does
    /// not have it either.
    pub default: Option<String>,
    /// Instead of a name: a pattern for names, in which `*` and `?` stand for anything and for
    /// one character.
    pub glob: String,
}

/// The distribution of durations.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub struct HistogramConfig {
    /// Makes no histogram.
    pub disable: bool,
    /// `ms` or `s`. Always seconds with `naming: tempo`.
    pub unit: Unit,
    /// Buckets that find their own bounds.
    pub exponential: Optional<ExponentialConfig>,
    /// Buckets with given bounds.
    pub explicit: Optional<ExplicitConfig>,
    /// Further dimensions of the histogram.
    pub dimensions: Vec<DimensionConfig>,
}

/// The unit of durations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
#[config(case_insensitive)]
pub enum Unit {
    /// Milliseconds.
    #[default]
    Ms,
    /// Seconds.
    S,
}

impl Unit {
    /// As points say it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Ms => "ms",
            Self::S => "s",
        }
    }

    /// How many nanoseconds it has.
    pub(crate) const fn nanoseconds(self) -> f64 {
        match self {
            Self::Ms => 1e6,
            Self::S => 1e9,
        }
    }
}

/// Exponential buckets.
#[derive(Debug, Clone, PartialEq, Eq, Config)]
pub struct ExponentialConfig {
    /// How many buckets a histogram has at most, 2 to 16384.
    pub max_size: i32,
}

impl Default for ExponentialConfig {
    fn default() -> Self {
        Self {
            max_size: DEFAULT_MAX_SIZE,
        }
    }
}

/// Buckets with given bounds.
#[derive(Debug, Clone, PartialEq, Eq, Config)]
pub struct ExplicitConfig {
    /// The upper bounds, ascending.
    pub buckets: Vec<Duration>,
}

impl Default for ExplicitConfig {
    fn default() -> Self {
        Self {
            buckets: DURATION_BOUNDS
                .map(|bound| Duration::from_millis(bound.into()))
                .into(),
        }
    }
}

/// Spans as examples.
#[derive(Debug, Clone, PartialEq, Eq, Config)]
pub struct ExemplarsConfig {
    /// Whether points have examples.
    pub enabled: bool,
    /// How many a point has at most.
    pub max_per_data_point: i64,
}

impl Default for ExemplarsConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            max_per_data_point: 5,
        }
    }
}

/// A metric that counts events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
pub struct EventsConfig {
    /// Whether there is one.
    pub enabled: bool,
    /// Attributes of events, or else of spans and resources, that become attributes of the
    /// metric. Needed.
    pub dimensions: Vec<DimensionConfig>,
}

impl Default for SpanMetricsConfig {
    fn default() -> Self {
        Self {
            naming: Naming::Contrib,
            namespace: "traces.span.metrics".to_owned(),
            dimensions: Vec::new(),
            calls_dimensions: Vec::new(),
            exclude_dimensions: Vec::new(),
            dimensions_cache_size: 0,
            resource_metrics_cache_size: 1000,
            resource_metrics_key_attributes: Vec::new(),
            aggregation_temporality: Temporality::Cumulative,
            histogram: HistogramConfig::default(),
            metrics_flush_interval: Duration::from_secs(60),
            metrics_expiration: Duration::ZERO,
            series_expiration: Duration::ZERO,
            metric_timestamp_cache_size: 1000,
            exemplars: ExemplarsConfig::default(),
            events: EventsConfig::default(),
            include_instrumentation_scope: Vec::new(),
            aggregation_cardinality_limit: 0,
            add_resource_attributes: false,
            enable_metrics_sampling_method: false,
            max_series: 1_000_000,
        }
    }
}

impl SpanMetricsConfig {
    fn check(&self, v: &mut Validation<'_>) {
        check_dimensions(v, &self.dimensions, true, "dimensions");
        // What is named twice here counts once, as upstream.
        check_dimensions(v, &self.calls_dimensions, false, "calls_dimensions");
        v.child("histogram", |v| {
            check_dimensions(v, &self.histogram.dimensions, false, "dimensions");
        });
        if self.events.enabled {
            v.child("events", |v| {
                if self.events.dimensions.is_empty() {
                    v.error("dimensions", "no dimensions configured for events")
                        .help("write `dimensions: [{name: exception.type}]`");
                }
                check_dimensions(v, &self.events.dimensions, true, "dimensions");
            });
        }
        if self.dimensions_cache_size != 0 {
            v.warning(
                "dimensions_cache_size",
                "`dimensions_cache_size` has no effect any more",
            )
            .help("use `aggregation_cardinality_limit`, which bounds the series themselves");
        }
        if self.metrics_flush_interval.is_zero() {
            v.error("metrics_flush_interval", "must be positive");
        }
        if self.resource_metrics_cache_size == 0 {
            v.error("resource_metrics_cache_size", "must be positive");
        }
        if self.max_series == 0 {
            v.error("max_series", "must be positive");
        }
        if self.aggregation_cardinality_limit < 0 {
            v.error("aggregation_cardinality_limit", "must not be negative")
                .help("write 0 for no limit");
        }
        if self.exemplars.enabled && self.exemplars.max_per_data_point < 0 {
            v.error("exemplars::max_per_data_point", "must not be negative");
        }
        if self.timestamps() == 0 && self.is_delta() {
            v.error("metric_timestamp_cache_size", "must be positive");
        }
    }

    /// Whether points count from the last flush.
    pub(crate) fn is_delta(&self) -> bool {
        self.aggregation_temporality == Temporality::Delta
    }

    /// How many last times are remembered.
    pub(crate) fn timestamps(&self) -> usize {
        usize::try_from(self.metric_timestamp_cache_size).unwrap_or(0)
    }

    /// The unit of durations.
    pub(crate) const fn unit(&self) -> Unit {
        match self.naming {
            Naming::Contrib => self.histogram.unit,
            Naming::Tempo => Unit::S,
        }
    }

    /// The upper bounds of buckets, in the unit of durations.
    pub(crate) fn bounds(&self) -> Vec<f64> {
        let unit = self.unit().nanoseconds();
        if let Some(explicit) = self.histogram.explicit.as_ref() {
            let buckets = explicit.buckets.iter();
            return buckets
                .map(|bound| bound.as_nanos() as f64 / unit)
                .collect();
        }
        match self.naming {
            Naming::Contrib => DURATION_BOUNDS
                .iter()
                .map(|bound| f64::from(*bound) / (unit / 1e6))
                .collect(),
            Naming::Tempo => (0..14).map(|n| 0.002 * f64::from(1 << n)).collect(),
        }
    }
}

impl HistogramConfig {
    fn check(&self, v: &mut Validation<'_>) {
        if self.explicit.is_some() && self.exponential.is_some() {
            v.error(
                "exponential",
                "use either `explicit` or `exponential` buckets histogram",
            );
        }
        if let Some(explicit) = self.explicit.as_ref()
            && !explicit.buckets.is_sorted_by(|a, b| a < b)
        {
            v.error("explicit::buckets", "the bounds must be ascending");
        }
    }
}

/// Names must be there and, if they are to be `unique`, differ from each other and from
/// [`INTRINSIC`].
fn check_dimensions(
    v: &mut Validation<'_>,
    dimensions: &[DimensionConfig],
    unique: bool,
    key: &str,
) {
    for (index, dimension) in dimensions.iter().enumerate() {
        let at = format!("{key}::{index}");
        if !dimension.glob.is_empty() {
            if !dimension.name.is_empty() || dimension.default.is_some() {
                v.error(&at, "`glob` goes with neither `name` nor `default`");
            }
        } else if dimension.name.is_empty() {
            v.error(&at, "a dimension needs a `name` or a `glob`");
        } else if unique
            && (INTRINSIC.contains(&&*dimension.name)
                || dimensions[..index]
                    .iter()
                    .any(|known| known.name == dimension.name))
        {
            let message = format!("duplicate dimension name {}", dimension.name);
            v.error(&at, message)
                .help("every series has the attributes of this name already");
        }
    }
}
