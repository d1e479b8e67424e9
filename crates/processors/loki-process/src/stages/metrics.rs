//! `metrics`: counters, gauges and histograms of what lines say.

use std::sync::Arc;
use std::time::Duration;

use headwater_core::config::{
    Code, Config, DecodeContext, EncodeContext, Key, Map, Node, Origin, Schema, Validation, nearest,
};

use crate::build::{Builder, check_required};
use crate::custom::{Kind, Metric};
use crate::entry::Entry;
use crate::pipeline::{Edit, Run, Verdict};
use crate::value::Value;

/// What all metrics have.
#[derive(Debug, Clone, PartialEq, Config)]
#[config(validate = Self::check)]
pub(crate) struct MetricConfig {
    /// The name, behind the prefix. Required.
    pub(crate) name: String,
    /// What it says.
    pub(crate) description: String,
    /// The extracted value; without it, that of the metric's name.
    pub(crate) source: String,
    /// What stands before the name.
    pub(crate) prefix: String,
    /// How long a series is kept that does not change.
    pub(crate) max_idle_duration: Duration,
    /// Counts only if the extracted value is this text.
    pub(crate) value: String,
}

impl Default for MetricConfig {
    fn default() -> Self {
        Self {
            name: String::new(),
            description: String::new(),
            source: String::new(),
            prefix: String::new(),
            max_idle_duration: Duration::from_secs(300),
            value: String::new(),
        }
    }
}

impl MetricConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        check_required(validation, "name", &self.name);
        if self.max_idle_duration < Duration::from_secs(1) {
            validation.error(
                "max_idle_duration",
                "max_idle_duration must be greater or equal than 1s",
            );
        }
    }
}

/// What a counter does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub(crate) enum CounterAction {
    /// Nothing: must be given.
    #[default]
    #[config(rename = "")]
    None,
    /// Counts lines.
    Inc,
    /// Adds the value.
    Add,
}

/// `counter`. Source: Alloy `metric.CounterConfig`.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub(crate) struct CounterConfig {
    /// What all metrics have.
    #[config(squash)]
    pub(crate) metric: MetricConfig,
    /// `inc` counts lines, `add` adds the values. Required.
    pub(crate) action: CounterAction,
    /// Counts every line, whatever was extracted.
    pub(crate) match_all: bool,
    /// Adds the length of the line, with `match_all` and `add`.
    pub(crate) count_entry_bytes: bool,
}

impl CounterConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        if self.action == CounterAction::None {
            let message = "the 'action' counter field must be either 'inc' or 'add'";
            validation.error("action", message);
        }
        if self.match_all && !self.metric.value.is_empty() {
            validation.error(
                "value",
                "a 'counter' metric supports either 'match_all' or a 'value', but not both",
            );
        }
        if self.count_entry_bytes && !(self.match_all && self.action == CounterAction::Add) {
            validation.error(
                "count_entry_bytes",
                "the 'count_entry_bytes' counter field must be specified along with match_all set \
                 to true or action set to 'add'",
            );
        }
    }
}

/// What a gauge does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub(crate) enum GaugeAction {
    /// Nothing: must be given.
    #[default]
    #[config(rename = "")]
    None,
    /// Becomes the value.
    Set,
    /// One more.
    Inc,
    /// One less.
    Dec,
    /// The value more.
    Add,
    /// The value less.
    Sub,
}

/// `gauge`. Source: Alloy `metric.GaugeConfig`.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub(crate) struct GaugeConfig {
    /// What all metrics have.
    #[config(squash)]
    pub(crate) metric: MetricConfig,
    /// `set`, `inc`, `dec`, `add` or `sub`. Required.
    pub(crate) action: GaugeAction,
}

impl GaugeConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        if self.action == GaugeAction::None {
            validation.error(
                "action",
                "the 'action' gauge field must be one of the following values: [set, inc, dec, \
                 add, sub]",
            );
        }
    }
}

/// `histogram`. Source: Alloy `metric.HistogramConfig`.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub(crate) struct HistogramConfig {
    /// What all metrics have.
    #[config(squash)]
    pub(crate) metric: MetricConfig,
    /// The upper bounds of the buckets, ascending. Required.
    pub(crate) buckets: Vec<f64>,
}

impl HistogramConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        if self.buckets.is_empty() {
            validation.error("buckets", "missing required argument \"buckets\"");
        }
        if !self.buckets.is_sorted_by(|a, b| a < b) {
            validation.error("buckets", "histogram buckets must be in increasing order");
        }
    }
}

/// One metric of the list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum OneConfig {
    Counter(CounterConfig),
    Gauge(GaugeConfig),
    Histogram(HistogramConfig),
}

impl OneConfig {
    const WORDS: [&'static str; 3] = ["counter", "gauge", "histogram"];

    const fn word(&self) -> &'static str {
        match self {
            Self::Counter(_) => "counter",
            Self::Gauge(_) => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }

    fn inner(&self) -> &dyn Config {
        match self {
            Self::Counter(config) => config,
            Self::Gauge(config) => config,
            Self::Histogram(config) => config,
        }
    }
}

impl Config for OneConfig {
    fn decode(&mut self, node: &Node, cx: &mut DecodeContext<'_>) {
        if let Some(decoded) = Self::from_node(node, cx) {
            *self = decoded;
        }
    }

    fn from_node(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
        let (key, inner) = crate::config::single(node, cx, "counter: {…}")?;
        let word = key.name.strip_prefix("metric.").unwrap_or(&key.name);
        cx.child(&key.name, &key.origin, inner, |cx| match word {
            "counter" => Config::from_node(inner, cx).map(Self::Counter),
            "gauge" => Config::from_node(inner, cx).map(Self::Gauge),
            "histogram" => Config::from_node(inner, cx).map(Self::Histogram),
            _ => {
                let message = format!("unknown metric `{}`", key.name.escape_debug());
                let near = nearest(word, Self::WORDS);
                let diagnostic = cx.error(Code::UNKNOWN_FIELD, &key.origin, message);
                diagnostic.help(format!("one of: {}", Self::WORDS.join(", ")));
                if let Some(near) = near {
                    diagnostic.label(format!("did you mean `{near}`?"));
                }
                None
            }
        })
    }

    fn encode(&self, cx: EncodeContext) -> Node {
        let key = Key::new(self.word(), Origin::Default);
        std::iter::once((key, self.inner().encode(cx)))
            .collect::<Map>()
            .into()
    }

    fn schema(&self) -> Schema {
        Schema::Any
    }

    fn type_schema() -> Schema {
        Schema::Any
    }

    fn validate(&self, validation: &mut Validation<'_>) {
        let word = crate::config::written(validation, self.word());
        validation.child(&word, |validation| self.inner().validate(validation));
    }
}

/// Arguments of `metrics`. Source: Alloy `stages.MetricsConfig`.
#[derive(Debug, Clone, Default, PartialEq, Config)]
pub(crate) struct MetricsConfig {
    /// The metrics: a list of `counter:`, `gauge:` and `histogram:`.
    #[config(alias = "metric")]
    pub(crate) metrics: Vec<OneConfig>,
}

/// What is done to a series.
#[derive(Debug, Clone, Copy)]
enum Act {
    One(f64),
    Value(f64),
    Set,
    Observe,
}

#[derive(Debug)]
struct One {
    metric: Arc<Metric>,
    source: String,
    value: String,
    act: Act,
    /// Looks at every line, and whether at its length.
    all: Option<bool>,
}

/// Counts what lines say.
#[derive(Debug)]
pub(crate) struct Metrics(Vec<One>);

impl Metrics {
    pub(crate) fn new(config: &MetricsConfig, builder: &Builder<'_>) -> Self {
        let one = |config: &OneConfig| {
            let (kind, metric, act, all) = match config {
                OneConfig::Counter(config) => {
                    let act = match config.action {
                        CounterAction::Add => Act::Value(1.0),
                        CounterAction::Inc | CounterAction::None => Act::One(1.0),
                    };
                    let all = config.match_all.then_some(config.count_entry_bytes);
                    (Kind::Counter, &config.metric, act, all)
                }
                OneConfig::Gauge(config) => {
                    let act = match config.action {
                        GaugeAction::Set | GaugeAction::None => Act::Set,
                        GaugeAction::Inc => Act::One(1.0),
                        GaugeAction::Dec => Act::One(-1.0),
                        GaugeAction::Add => Act::Value(1.0),
                        GaugeAction::Sub => Act::Value(-1.0),
                    };
                    (Kind::Gauge, &config.metric, act, None)
                }
                OneConfig::Histogram(config) => {
                    let kind = Kind::Histogram(config.buckets.clone());
                    (kind, &config.metric, Act::Observe, None)
                }
            };
            let or = |text: &str, default: &str| match text {
                "" => default.to_owned(),
                text => text.to_owned(),
            };
            let name = or(&metric.prefix, "loki_process_custom_") + &metric.name;
            let idle = metric.max_idle_duration;
            One {
                metric: builder.metrics.metric(
                    name,
                    metric.description.clone(),
                    kind,
                    idle,
                    builder.max_series,
                ),
                source: or(&metric.source, &metric.name),
                value: metric.value.clone(),
                act,
                all,
            }
        };
        Self(config.metrics.iter().map(one).collect())
    }
}

impl One {
    fn record(&self, entry: &Entry<'_>, run: &mut Run) {
        let value = match self.all {
            Some(true) => Value::Int(i64::try_from(entry.line.len()).unwrap_or(i64::MAX)),
            Some(false) => Value::Null,
            None => match entry.extracted(&self.source) {
                Some(value) => value,
                None => return,
            },
        };
        if !self.value.is_empty() && value.text().is_none_or(|text| text != self.value) {
            return;
        }
        let now = run.instant();
        match self.act {
            Act::One(by) => self.metric.add(entry, by, now),
            Act::Value(sign) => {
                if let Some(number) = value.number() {
                    self.metric.add(entry, sign * number, now);
                }
            }
            Act::Set => {
                if let Some(number) = value.number() {
                    self.metric.set(entry, number, now);
                }
            }
            Act::Observe => {
                if let Some(number) = value.number() {
                    self.metric.observe(entry, number, now);
                }
            }
        }
    }
}

impl Edit for Metrics {
    fn edit<'a>(&'a self, entry: &mut Entry<'a>, run: &mut Run) -> Verdict {
        for one in &self.0 {
            one.record(entry, run);
        }
        Verdict::Keep
    }
}
