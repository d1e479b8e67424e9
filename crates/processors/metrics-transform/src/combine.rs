//! Several metrics into one.

use std::collections::BTreeSet;

use headwater_core::pdata::owned::{KeyValue, Metric, MetricData, Text};

use crate::aggregate::aggregate;
use crate::config::{AggregationType, SubmatchCase};
use crate::filter::Filter;
use crate::points::{change_attributes, each_attributes, without_points};

/// Why metrics cannot become one, in upstream's words.
pub(crate) fn obstacle(metrics: &[&Metric]) -> Option<String> {
    let (first, others) = metrics.split_first()?;
    if others.is_empty() {
        return None;
    }
    if let Some(summary) = metrics
        .iter()
        .find(|metric| matches!(metric.data, Some(MetricData::Summary(_))))
    {
        return Some(format!(
            "Summary metrics cannot be combined: {}",
            summary.name
        ));
    }
    let labels = labels_of(first);
    for other in others {
        let differ = |what: &str, a: &dyn std::fmt::Debug, b: &dyn std::fmt::Debug| {
            Some(format!(
                "metrics cannot be combined as they {what}: {} ({a:?}) and {} ({b:?})",
                first.name, other.name
            ))
        };
        let (a, b) = (kind(first), kind(other));
        if a.0 != b.0 {
            return differ("are of different types", &a.0, &b.0);
        }
        if first.unit != other.unit {
            return differ("have different units", &first.unit, &other.unit);
        }
        let others_labels = labels_of(other);
        if labels != others_labels {
            return differ("have different attributes", &labels, &others_labels);
        }
        if a.1 != b.1 {
            return differ("have different aggregation temporalities", &a.1, &b.1);
        }
        if a.2 != b.2 {
            return differ("have different monotonicity", &a.2, &b.2);
        }
    }
    None
}

/// Type, temporality, monotonicity.
const fn kind(metric: &Metric) -> (&'static str, i32, bool) {
    match &metric.data {
        None => ("Empty", 0, false),
        Some(MetricData::Gauge(_)) => ("Gauge", 0, false),
        Some(MetricData::Sum(data)) => ("Sum", data.aggregation_temporality, data.is_monotonic),
        Some(MetricData::Histogram(data)) => ("Histogram", data.aggregation_temporality, false),
        Some(MetricData::ExponentialHistogram(data)) => {
            ("ExponentialHistogram", data.aggregation_temporality, false)
        }
        Some(MetricData::Summary(_)) => ("Summary", 0, false),
    }
}

fn labels_of(metric: &Metric) -> BTreeSet<Text> {
    let mut labels = BTreeSet::new();
    each_attributes(metric, |attributes| {
        labels.extend(attributes.iter().map(|attribute| attribute.key.clone()));
    });
    labels
}

/// One metric of those that [`obstacle`] has let pass; groups of the pattern become labels.
pub(crate) fn combine(
    metrics: Vec<Metric>,
    filter: &Filter,
    name: &str,
    by: AggregationType,
    case: SubmatchCase,
) -> Option<Metric> {
    let mut combined = without_points(metrics.first()?);
    combined.name = name.into();
    combined.metadata.clear();
    let names = filter.group_names();
    for mut metric in metrics {
        let own_name = metric.name.clone();
        if let Some(captures) = filter.captures(own_name.as_bytes()) {
            let labels: Vec<(&str, Text)> = names
                .iter()
                .enumerate()
                .skip(1)
                .filter_map(|(index, label)| {
                    let found = captures.get(index)?.as_bytes();
                    (!found.is_empty()).then(|| (label.as_str(), in_case(found, case)))
                })
                .collect();
            change_attributes(&mut metric, |attributes| {
                for (label, value) in &labels {
                    put(attributes, label, value);
                }
            });
        }
        append(&mut combined, metric);
    }
    aggregate(&mut combined, by);
    Some(combined)
}

fn in_case(text: &[u8], case: SubmatchCase) -> Text {
    let text = String::from_utf8_lossy(text);
    match case {
        SubmatchCase::None => Text::from(&*text),
        SubmatchCase::Lower => Text::from(text.to_lowercase()),
        SubmatchCase::Upper => Text::from(text.to_uppercase()),
    }
}

fn put(attributes: &mut Vec<KeyValue>, label: &str, value: &Text) {
    let known = attributes
        .iter_mut()
        .find(|attribute| attribute.key.as_bytes() == label.as_bytes());
    match known {
        Some(attribute) => attribute.value = value.clone().into(),
        None => attributes.push(KeyValue::new(label, value.clone())),
    }
}

/// Moves the points of a metric of the same type.
fn append(to: &mut Metric, from: Metric) {
    match (&mut to.data, from.data) {
        (Some(MetricData::Gauge(to)), Some(MetricData::Gauge(from))) => {
            to.data_points.extend(from.data_points);
        }
        (Some(MetricData::Sum(to)), Some(MetricData::Sum(from))) => {
            to.data_points.extend(from.data_points);
        }
        (Some(MetricData::Histogram(to)), Some(MetricData::Histogram(from))) => {
            to.data_points.extend(from.data_points);
        }
        (
            Some(MetricData::ExponentialHistogram(to)),
            Some(MetricData::ExponentialHistogram(from)),
        ) => to.data_points.extend(from.data_points),
        (Some(MetricData::Summary(to)), Some(MetricData::Summary(from))) => {
            to.data_points.extend(from.data_points);
        }
        _ => {}
    }
}
