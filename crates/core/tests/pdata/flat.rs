//! A request as what it says, whatever the wire looks like.

use headwater_core::Signal;
use headwater_testkit::otlp::{Data, Metric, Request};
use prost::Message;

/// One resource, scope, metric or record at its place. Compared as canonical bytes: `NaN` equals
/// itself there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line {
    Resource(Vec<u8>),
    Scope(Vec<u8>),
    Metric(Vec<u8>),
    Record(Vec<u8>),
    /// What follows came in lists by instrumentation library.
    Legacy,
}

/// The content of a request in order. A header that follows from the one before it (the same
/// resource again, for example) is left out, so it does not matter where a list was cut. Scopes
/// of the deprecated field come after all others: between two fields the wire knows no order.
pub(crate) fn flat(signal: Signal, bytes: &[u8]) -> Vec<Line> {
    let mut lines = [Lines::default(), Lines::default()];
    match Request::decode(signal, bytes).expect("the request is valid") {
        Request::Traces(data) => {
            for mut entry in data.resource_spans {
                let current = std::mem::take(&mut entry.scope_spans);
                let legacy = std::mem::take(&mut entry.instrumentation_library_spans);
                for (lines, scopes) in dealt(&mut lines, [current, legacy]) {
                    lines.resource(&entry);
                    for mut scope in scopes {
                        let spans = std::mem::take(&mut scope.spans);
                        lines.scope(&scope);
                        spans.iter().for_each(|span| lines.record(span));
                    }
                }
            }
        }
        Request::Logs(data) => {
            for mut entry in data.resource_logs {
                let current = std::mem::take(&mut entry.scope_logs);
                let legacy = std::mem::take(&mut entry.instrumentation_library_logs);
                for (lines, scopes) in dealt(&mut lines, [current, legacy]) {
                    lines.resource(&entry);
                    for mut scope in scopes {
                        let records = std::mem::take(&mut scope.log_records);
                        lines.scope(&scope);
                        records.iter().for_each(|record| lines.record(record));
                    }
                }
            }
        }
        Request::Metrics(data) => {
            for mut entry in data.resource_metrics {
                let current = std::mem::take(&mut entry.scope_metrics);
                let legacy = std::mem::take(&mut entry.instrumentation_library_metrics);
                for (lines, scopes) in dealt(&mut lines, [current, legacy]) {
                    lines.resource(&entry);
                    for mut scope in scopes {
                        let metrics = std::mem::take(&mut scope.metrics);
                        lines.scope(&scope);
                        metrics.into_iter().for_each(|metric| lines.metric(metric));
                    }
                }
            }
        }
    }
    let [current, legacy] = lines.map(|lines| lines.lines);
    [current, vec![Line::Legacy], legacy].concat()
}

/// The lists of one resource with where they go; an empty list only if both are empty.
fn dealt<T>(lines: &mut [Lines; 2], lists: [Vec<T>; 2]) -> Vec<(&mut Lines, Vec<T>)> {
    let any = lists.iter().any(|list| !list.is_empty());
    let places = lines.iter_mut().zip(lists).enumerate();
    places
        .filter(|(at, (_, list))| if any { !list.is_empty() } else { *at == 0 })
        .map(|(_, p)| p)
        .collect()
}

/// Spans, log records or data points.
pub(crate) fn items(lines: &[Line]) -> usize {
    lines
        .iter()
        .filter(|line| matches!(line, Line::Record(_)))
        .count()
}

#[derive(Default)]
struct Lines {
    lines: Vec<Line>,
    resource: Option<Line>,
    scope: Option<Line>,
    metric: Option<Line>,
}

impl Lines {
    fn resource(&mut self, entry: &impl Message) {
        let line = Line::Resource(entry.encode_to_vec());
        if self.resource.as_ref() != Some(&line) {
            self.resource = Some(line.clone());
            (self.scope, self.metric) = (None, None);
            self.lines.push(line);
        }
    }

    fn scope(&mut self, entry: &impl Message) {
        let line = Line::Scope(entry.encode_to_vec());
        if self.scope.as_ref() != Some(&line) {
            self.scope = Some(line.clone());
            self.metric = None;
            self.lines.push(line);
        }
    }

    fn metric(&mut self, mut metric: Metric) {
        let points: Vec<Vec<u8>> = match &mut metric.data {
            None => Vec::new(),
            Some(Data::Gauge(data)) => encoded(&mut data.data_points),
            Some(Data::Sum(data)) => encoded(&mut data.data_points),
            Some(Data::Histogram(data)) => encoded(&mut data.data_points),
            Some(Data::ExponentialHistogram(data)) => encoded(&mut data.data_points),
            Some(Data::Summary(data)) => encoded(&mut data.data_points),
        };
        let line = Line::Metric(metric.encode_to_vec());
        if self.metric.as_ref() != Some(&line) {
            self.metric = Some(line.clone());
            self.lines.push(line);
        }
        self.lines.extend(points.into_iter().map(Line::Record));
    }

    fn record(&mut self, record: &impl Message) {
        self.lines.push(Line::Record(record.encode_to_vec()));
    }
}

fn encoded<T: Message>(points: &mut Vec<T>) -> Vec<Vec<u8>> {
    points
        .drain(..)
        .map(|point| point.encode_to_vec())
        .collect()
}
