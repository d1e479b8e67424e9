//! Telemetry as a multiset of spans, data points and log records, each with its resource, scope
//! and metric, so that two ways of batching the same telemetry compare equal.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};

use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogramDataPoint, HistogramDataPoint, Metric, NumberDataPoint,
    SummaryDataPoint, metric,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;

use crate::message::{Message, Signal};

/// Items as text, with how often each is there. The order of items and of attributes does not
/// count; nor does the difference between an absent and an empty message.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Items(BTreeMap<(Signal, String), usize>);

impl Items {
    /// What `messages` hold together.
    #[must_use]
    pub fn of<'a>(messages: impl IntoIterator<Item = &'a Message>) -> Self {
        let mut items = Self::default();
        for message in messages {
            items.add(message);
        }
        items
    }

    /// Adds what `message` holds.
    pub fn add(&mut self, message: &Message) {
        match message.clone() {
            Message::Traces(message) => {
                for group in message.resource_spans {
                    let resource = resource(group.resource, &group.schema_url);
                    for group in group.scope_spans {
                        let scope = scope(group.scope, &group.schema_url);
                        for span in group.spans {
                            self.put(Signal::Traces, &resource, &scope, &ordered_span(span));
                        }
                    }
                }
            }
            Message::Metrics(message) => {
                for group in message.resource_metrics {
                    let resource = resource(group.resource, &group.schema_url);
                    for group in group.scope_metrics {
                        let scope = scope(group.scope, &group.schema_url);
                        for metric in group.metrics {
                            for point in points(metric) {
                                self.put(Signal::Metrics, &resource, &scope, &point);
                            }
                        }
                    }
                }
            }
            Message::Logs(message) => {
                for group in message.resource_logs {
                    let resource = resource(group.resource, &group.schema_url);
                    for group in group.scope_logs {
                        let scope = scope(group.scope, &group.schema_url);
                        for record in group.log_records {
                            self.put(Signal::Logs, &resource, &scope, &ordered_record(record));
                        }
                    }
                }
            }
        }
    }

    fn put(&mut self, signal: Signal, resource: &str, scope: &str, item: &impl Debug) {
        let text = format!("{resource}\n{scope}\n{item:?}");
        *self.0.entry((signal, text)).or_default() += 1;
    }

    /// Adds what is in `other`.
    pub fn merge(&mut self, other: &Self) {
        for (item, count) in &other.0 {
            *self.0.entry(item.clone()).or_default() += count;
        }
    }

    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.values().sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many of one signal there are.
    #[must_use]
    pub fn count(&self, signal: Signal) -> usize {
        self.0
            .iter()
            .filter(|((of, _), _)| *of == signal)
            .map(|(_, count)| count)
            .sum()
    }

    /// How many hold `text` somewhere in their description (the `Debug` form of the structs).
    #[must_use]
    pub fn mentioning(&self, text: &str) -> usize {
        self.0
            .iter()
            .filter(|((_, item), _)| item.contains(text))
            .map(|(_, count)| count)
            .sum()
    }

    /// What is here more often than in `other`.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let more = self.0.iter().filter_map(|(item, count)| {
            let rest = count.saturating_sub(other.0.get(item).copied().unwrap_or(0));
            (rest > 0).then(|| (item.clone(), rest))
        });
        Self(more.collect())
    }

    /// How this differs from `expected`, in a few lines; none if it does not.
    #[must_use]
    pub fn difference(&self, expected: &Self) -> Option<String> {
        let missing = expected.without(self);
        let extra = self.without(expected);
        if missing.is_empty() && extra.is_empty() {
            return None;
        }
        let mut text = format!(
            "of {} items, {} are missing and {} are too much or different",
            expected.len(),
            missing.len(),
            extra.len(),
        );
        let close = missing
            .0
            .keys()
            .flat_map(|one| extra.0.keys().map(move |other| (one, other)));
        // The pairs that are most alike show best what happened.
        let alike =
            |(one, other): &(&(Signal, String), &(Signal, String))| common(&one.1, &other.1);
        match close.max_by_key(alike) {
            Some((one, other)) => {
                let from = common(&one.1, &other.1);
                text += &format!("\n  missing   {}", excerpt(&one.1, from));
                text += &format!("\n  different {}", excerpt(&other.1, from));
            }
            None => {
                let only = missing.0.keys().chain(extra.0.keys()).next();
                text += &format!("\n  such as {:.2000}", only.map_or("", |(_, item)| item));
            }
        }
        Some(text)
    }

    /// Checks that this is `expected`, item by item.
    ///
    /// # Panics
    /// If it is not, with an example.
    #[track_caller]
    pub fn assert_is(&self, expected: &Self, what: &str) {
        if let Some(difference) = self.difference(expected) {
            panic!("{what}: {difference}");
        }
    }
}

/// How many bytes two texts have in common at their start.
fn common(one: &str, other: &str) -> usize {
    one.bytes()
        .zip(other.bytes())
        .take_while(|(a, b)| a == b)
        .count()
}

/// The surroundings of a place in a text.
fn excerpt(text: &str, at: usize) -> String {
    let bytes = text.as_bytes();
    let (from, to) = (at.saturating_sub(150), (at + 250).min(bytes.len()));
    format!(
        "...{}...",
        String::from_utf8_lossy(&bytes[from..to]).replace('\n', " | ")
    )
}

impl Debug for Items {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} items", self.len())
    }
}

fn resource(resource: Option<Resource>, schema: &str) -> String {
    let mut resource = resource.unwrap_or_default();
    order(&mut resource.attributes);
    format!("{resource:?} {schema:?}")
}

fn scope(scope: Option<InstrumentationScope>, schema: &str) -> String {
    let mut scope = scope.unwrap_or_default();
    order(&mut scope.attributes);
    format!("{scope:?} {schema:?}")
}

fn ordered_span(mut span: Span) -> Span {
    order(&mut span.attributes);
    span.events
        .iter_mut()
        .for_each(|event| order(&mut event.attributes));
    span.links
        .iter_mut()
        .for_each(|link| order(&mut link.attributes));
    span.status.get_or_insert_default();
    span
}

fn ordered_record(mut record: LogRecord) -> LogRecord {
    order(&mut record.attributes);
    order_value(record.body.get_or_insert_default());
    record
}

/// A copy of the metric for every data point, with only that one.
fn points(metric: Metric) -> Vec<Metric> {
    let Metric {
        mut metadata, data, ..
    } = metric.clone();
    order(&mut metadata);
    let shell = Metric {
        metadata,
        data: None,
        ..metric
    };
    let with = |data| Metric {
        data: Some(data),
        ..shell.clone()
    };
    macro_rules! each {
        ($kind:ident, $data:expr, $order:expr) => {{
            let mut data = $data;
            let points = std::mem::take(&mut data.data_points);
            let shell = data;
            let one = |mut point| {
                ($order)(&mut point);
                let mut data = shell.clone();
                data.data_points.push(point);
                with(metric::Data::$kind(data))
            };
            points.into_iter().map(one).collect()
        }};
    }
    match data {
        None => Vec::new(),
        Some(metric::Data::Gauge(data)) => each!(Gauge, data, number),
        Some(metric::Data::Sum(data)) => each!(Sum, data, number),
        Some(metric::Data::Histogram(data)) => each!(Histogram, data, histogram),
        Some(metric::Data::ExponentialHistogram(data)) => {
            each!(ExponentialHistogram, data, exponential)
        }
        Some(metric::Data::Summary(data)) => each!(Summary, data, summary),
    }
}

fn number(point: &mut NumberDataPoint) {
    order(&mut point.attributes);
    order_exemplars(&mut point.exemplars);
}

fn histogram(point: &mut HistogramDataPoint) {
    order(&mut point.attributes);
    order_exemplars(&mut point.exemplars);
}

fn exponential(point: &mut ExponentialHistogramDataPoint) {
    order(&mut point.attributes);
    order_exemplars(&mut point.exemplars);
    point.positive.get_or_insert_default();
    point.negative.get_or_insert_default();
}

fn summary(point: &mut SummaryDataPoint) {
    order(&mut point.attributes);
}

fn order_exemplars(exemplars: &mut [Exemplar]) {
    exemplars
        .iter_mut()
        .for_each(|exemplar| order(&mut exemplar.filtered_attributes));
}

fn order(attributes: &mut [KeyValue]) {
    for attribute in attributes.iter_mut() {
        order_value(attribute.value.get_or_insert_default());
    }
    attributes.sort_by(|a, b| a.key.cmp(&b.key));
}

fn order_value(value: &mut AnyValue) {
    match &mut value.value {
        Some(any_value::Value::KvlistValue(list)) => order(&mut list.values),
        Some(any_value::Value::ArrayValue(list)) => list.values.iter_mut().for_each(order_value),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
    use opentelemetry_proto::tonic::logs::v1::{ResourceLogs, ScopeLogs};

    use super::*;

    fn record(text: &str, keys: &[&str]) -> LogRecord {
        let key = |key: &&str| KeyValue {
            key: (*key).to_owned(),
            ..KeyValue::default()
        };
        LogRecord {
            severity_text: text.to_owned(),
            attributes: keys.iter().map(key).collect(),
            ..LogRecord::default()
        }
    }

    fn logs(groups: Vec<Vec<LogRecord>>) -> Message {
        let group = |log_records| ResourceLogs {
            scope_logs: vec![ScopeLogs {
                log_records,
                ..ScopeLogs::default()
            }],
            ..ResourceLogs::default()
        };
        let resource_logs = groups.into_iter().map(group).collect();
        Message::Logs(ExportLogsServiceRequest { resource_logs })
    }

    #[test]
    fn order_and_grouping_do_not_count_but_contents_and_numbers_do() {
        let (a, b) = (record("a", &["x", "y"]), record("b", &[]));
        let items = Items::of([&logs(vec![vec![a.clone(), b.clone()]])]);
        let turned = record("a", &["y", "x"]);
        assert_eq!(
            items,
            Items::of([&logs(vec![vec![b.clone()], vec![turned]])])
        );
        assert_ne!(
            items,
            Items::of([&logs(vec![vec![a.clone(), b.clone(), b]])])
        );
        assert_ne!(
            items,
            Items::of([&logs(vec![vec![a, record("b", &["x"])]])])
        );
    }

    #[test]
    #[should_panic(expected = "1 are missing and 2 are too much")]
    fn a_difference_says_what_it_is() {
        let a = Items::of([&logs(vec![vec![record("a", &[])]])]);
        let b = Items::of([&logs(vec![vec![record("b", &[]), record("b", &[])]])]);
        b.assert_is(&a, "records");
    }
}
