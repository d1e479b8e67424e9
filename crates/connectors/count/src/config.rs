//! What the user writes.

use headwater_core::config::{Config, Node, OrderedMap, Validation, Value};
use headwater_ottl::{Condition, Conditions, ContextKind, report};

/// Configuration of the `count` connector. Source: Go `countconnector.Config`.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub struct CountConfig {
    /// Metrics that count spans, by name. Absent: `trace.span.count`, which counts all.
    pub spans: Option<OrderedMap<MetricInfo>>,
    /// Metrics that count events of spans. Absent: `trace.span.event.count`, which counts all.
    pub spanevents: Option<OrderedMap<MetricInfo>>,
    /// Metrics that count metrics. Absent: `metric.count`, which counts all.
    pub metrics: Option<OrderedMap<MetricInfo>>,
    /// Metrics that count data points. Absent: `metric.datapoint.count`, which counts all.
    pub datapoints: Option<OrderedMap<MetricInfo>>,
    /// Metrics that count log records. Absent: `log.record.count`, which counts all.
    pub logs: Option<OrderedMap<MetricInfo>>,
    /// Metrics that count profiles.
    #[config(ignored = "profiles are not supported")]
    pub profiles: Option<OrderedMap<MetricInfo>>,
}

/// One metric that counts.
#[derive(Debug, Clone, Default, PartialEq, Config)]
pub struct MetricInfo {
    /// Its description.
    pub description: String,
    /// OTTL conditions of which one must hold; absent: everything is counted.
    pub conditions: Vec<String>,
    /// Attributes by which is counted: one data point for each set of values. Not for `metrics`.
    pub attributes: Vec<AttributeConfig>,
}

/// An attribute by which is counted.
#[derive(Debug, Clone, Default, PartialEq, Config)]
pub struct AttributeConfig {
    /// Its name: of the record, else of the scope, else of the resource. Required.
    pub key: String,
    /// The value where the attribute is absent. Absent, empty or 0: then the record is not counted.
    pub default_value: Node,
}

/// The sections: the key, the context of its conditions, the metric that counts all and what it
/// says of itself.
#[rustfmt::skip]
const SECTIONS: [(&str, ContextKind, &str, &str); 5] = [
    ("spans", ContextKind::Span, "trace.span.count", "The number of spans observed."),
    ("spanevents", ContextKind::SpanEvent, "trace.span.event.count", "The number of span events observed."),
    ("metrics", ContextKind::Metric, "metric.count", "The number of metrics observed."),
    ("datapoints", ContextKind::DataPoint, "metric.datapoint.count", "The number of data points observed."),
    ("logs", ContextKind::Log, "log.record.count", "The number of log records observed."),
];

impl CountConfig {
    /// The metrics that count in a context, by name.
    pub(crate) fn section(&self, wanted: ContextKind) -> OrderedMap<MetricInfo> {
        let mut all = OrderedMap::new();
        for ((_, context, name, description), section) in SECTIONS.into_iter().zip(self.sections())
        {
            if context != wanted {
                continue;
            }
            if let Some(section) = section {
                return section.clone();
            }
            let info = MetricInfo {
                description: description.to_owned(),
                ..MetricInfo::default()
            };
            all.insert(name, info);
        }
        all
    }

    const fn sections(&self) -> [Option<&OrderedMap<MetricInfo>>; 5] {
        [
            self.spans.as_ref(),
            self.spanevents.as_ref(),
            self.metrics.as_ref(),
            self.datapoints.as_ref(),
            self.logs.as_ref(),
        ]
    }

    fn check(&self, validation: &mut Validation<'_>) {
        for ((key, context, ..), section) in SECTIONS.into_iter().zip(self.sections()) {
            for (name, info) in section.into_iter().flat_map(OrderedMap::iter) {
                if name.is_empty() {
                    validation.error(key, format!("{key}: metric name missing"));
                }
                info.check(&format!("{key}::{name}"), context, validation);
            }
        }
    }
}

impl MetricInfo {
    /// The conditions; those that are wrong were reported.
    pub(crate) fn compile(&self, context: ContextKind) -> Option<Conditions> {
        let conditions = self
            .conditions
            .iter()
            .map(|text| Condition::parse(text, context).ok());
        conditions.collect::<Option<_>>().map(Conditions::new)
    }

    fn check(&self, path: &str, context: ContextKind, validation: &mut Validation<'_>) {
        for (index, condition) in self.conditions.iter().enumerate() {
            if let Err(errors) = Condition::parse(condition, context) {
                let key = format!("{path}::conditions::{index}");
                report(validation, &key, "condition", &errors);
            }
        }
        if context == ContextKind::Metric && !self.attributes.is_empty() {
            validation
                .error(
                    &format!("{path}::attributes"),
                    "metrics attributes not supported",
                )
                .help("metrics have no attributes; count `datapoints` by theirs");
            return;
        }
        for (index, attribute) in self.attributes.iter().enumerate() {
            let path = format!("{path}::attributes::{index}");
            if attribute.key.is_empty() {
                validation.error(&format!("{path}::key"), "attribute key missing");
            }
            if matches!(
                attribute.default_value.value,
                Value::Seq(_) | Value::Map(_) | Value::Bool(_)
            ) {
                validation.error(
                    &format!("{path}::default_value"),
                    "a default value is a text or a number",
                );
            }
            let again = |other: &AttributeConfig| other.key == attribute.key;
            if !attribute.key.is_empty() && self.attributes[..index].iter().any(again) {
                validation.warning(
                    &format!("{path}::key"),
                    "named twice: nothing would be counted by upstream; once is enough",
                );
            }
        }
    }
}
