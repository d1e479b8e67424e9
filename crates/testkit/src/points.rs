//! Data points of requests, flattened so that tests can compare them.

use std::collections::BTreeMap;
use std::fmt;

use headwater_core::{Batch, Signal};

use crate::otlp::{
    AnyValue, Buckets, Data, Exemplar, KeyValue, Metric, MetricsData, NumberValue, Request, Value,
};

/// One data point with what stands around it.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The attributes of the resource.
    pub resource: BTreeMap<String, String>,
    /// The name of the scope.
    pub scope: String,
    /// The name of the metric.
    pub metric: String,
    /// Its unit.
    pub unit: String,
    /// 1 delta, 2 cumulative, 0 neither.
    pub temporality: i32,
    /// The attributes of the point. Texts are in quotes if they could be anything else.
    pub attributes: BTreeMap<String, String>,
    /// Unit: nanoseconds since 1970.
    pub start: u64,
    /// Unit: nanoseconds since 1970.
    pub time: u64,
    /// What it says: a number, or fields of a distribution.
    pub value: String,
    /// Trace ids of its exemplars, in hexadecimal.
    pub exemplars: Vec<String>,
}

/// `metric{a=1,b=2} value`.
impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attributes: Vec<_> = self
            .attributes
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        write!(
            f,
            "{}{{{}}} {}",
            self.metric,
            attributes.join(","),
            self.value
        )
    }
}

/// Every point of the batches, ordered by what it is shown as.
///
/// # Panics
/// If a batch is no request of metrics, or does not hold as many points as it says.
#[must_use]
pub fn points(batches: &[Batch]) -> Vec<Point> {
    let mut all = Vec::new();
    for batch in batches {
        let before = all.len();
        all.extend(points_of(&batch.payload().to_contiguous()));
        assert_eq!(all.len() - before, batch.items(), "items of a batch");
    }
    all.sort_by_cached_key(|point| format!("{point} {:?}", point.resource));
    all
}

/// Every point of one serialized request, in order.
///
/// # Panics
/// If it is none.
#[must_use]
pub fn points_of(request: &[u8]) -> Vec<Point> {
    let Ok(Request::Metrics(data)) = Request::decode(Signal::Metrics, request) else {
        panic!("not a request of metrics: {request:?}");
    };
    flatten(&data)
}

fn flatten(data: &MetricsData) -> Vec<Point> {
    let mut all = Vec::new();
    for entry in &data.resource_metrics {
        let resource = entry.resource.as_ref();
        let resource = attributes(resource.map_or(&[], |resource| &resource.attributes));
        for entry in &entry.scope_metrics {
            let scope = entry.scope.as_ref().map_or("", |scope| &scope.name);
            for metric in &entry.metrics {
                let from = all.len();
                flatten_metric(metric, &mut all);
                for point in &mut all[from..] {
                    point.resource.clone_from(&resource);
                    scope.clone_into(&mut point.scope);
                }
            }
        }
    }
    all
}

fn flatten_metric(metric: &Metric, all: &mut Vec<Point>) {
    let mut temporality = 0;
    let mut push = |of: &[KeyValue], start, time, value: String, exemplars: &[Exemplar]| {
        all.push(Point {
            resource: BTreeMap::new(),
            scope: String::new(),
            metric: metric.name.clone(),
            unit: metric.unit.clone(),
            temporality: 0,
            attributes: attributes(of),
            start,
            time,
            value,
            exemplars: exemplars.iter().map(|e| hexadecimal(&e.trace_id)).collect(),
        });
    };
    let mut from = 0;
    match &metric.data {
        None => {}
        Some(Data::Gauge(data)) => {
            for p in &data.data_points {
                push(
                    &p.attributes,
                    p.start_time_unix_nano,
                    p.time_unix_nano,
                    number(p.value.as_ref()),
                    &p.exemplars,
                );
                from += 1;
            }
        }
        Some(Data::Sum(data)) => {
            temporality = data.aggregation_temporality;
            for p in &data.data_points {
                push(
                    &p.attributes,
                    p.start_time_unix_nano,
                    p.time_unix_nano,
                    number(p.value.as_ref()),
                    &p.exemplars,
                );
                from += 1;
            }
        }
        Some(Data::Histogram(data)) => {
            temporality = data.aggregation_temporality;
            for p in &data.data_points {
                let value = format!(
                    "count={} sum={} buckets={:?} bounds={:?}{}",
                    p.count,
                    optional(p.sum),
                    p.bucket_counts,
                    p.explicit_bounds,
                    range(p.min, p.max)
                );
                push(
                    &p.attributes,
                    p.start_time_unix_nano,
                    p.time_unix_nano,
                    value,
                    &p.exemplars,
                );
                from += 1;
            }
        }
        Some(Data::ExponentialHistogram(data)) => {
            temporality = data.aggregation_temporality;
            for p in &data.data_points {
                let value = format!(
                    "count={} sum={} scale={} zero={}<={} positive={} negative={}{}",
                    p.count,
                    optional(p.sum),
                    p.scale,
                    p.zero_count,
                    p.zero_threshold,
                    buckets(p.positive.as_ref()),
                    buckets(p.negative.as_ref()),
                    range(p.min, p.max)
                );
                push(
                    &p.attributes,
                    p.start_time_unix_nano,
                    p.time_unix_nano,
                    value,
                    &p.exemplars,
                );
                from += 1;
            }
        }
        Some(Data::Summary(data)) => {
            for p in &data.data_points {
                let value = format!("count={} sum={} {:?}", p.count, p.sum, p.quantile_values);
                push(
                    &p.attributes,
                    p.start_time_unix_nano,
                    p.time_unix_nano,
                    value,
                    &[],
                );
                from += 1;
            }
        }
    }
    let length = all.len();
    for point in &mut all[length - from..] {
        point.temporality = temporality;
    }
}

fn attributes(of: &[KeyValue]) -> BTreeMap<String, String> {
    of.iter()
        .map(|pair| (pair.key.clone(), text(pair.value.as_ref())))
        .collect()
}

/// A value as text: a text as it is unless it could be another kind of value.
fn text(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        None => "()".to_owned(),
        Some(Value::StringValue(text)) => {
            let is_plain = text.parse::<f64>().is_err() && text.parse::<bool>().is_err();
            if is_plain && !text.is_empty() {
                text.clone()
            } else {
                format!("{text:?}")
            }
        }
        Some(Value::BoolValue(value)) => value.to_string(),
        Some(Value::IntValue(value)) => value.to_string(),
        Some(Value::DoubleValue(value)) => format!("{value:?}"),
        Some(other) => format!("{other:?}"),
    }
}

fn number(value: Option<&NumberValue>) -> String {
    match value {
        None => "none".to_owned(),
        Some(NumberValue::AsDouble(value)) => format!("{value:?}"),
        Some(NumberValue::AsInt(value)) => value.to_string(),
    }
}

fn optional(value: Option<f64>) -> String {
    value.map_or("none".to_owned(), |value| value.to_string())
}

fn range(min: Option<f64>, max: Option<f64>) -> String {
    match (min, max) {
        (None, None) => String::new(),
        (min, max) => format!(" min={} max={}", optional(min), optional(max)),
    }
}

fn buckets(buckets: Option<&Buckets>) -> String {
    match buckets {
        Some(buckets) if !buckets.bucket_counts.is_empty() => {
            format!("{}:{:?}", buckets.offset, buckets.bucket_counts)
        }
        _ => "-".to_owned(),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
