//! One metric of each type.

use std::time::{SystemTime, UNIX_EPOCH};

use headwater_core::pdata::owned::{
    Buckets, Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram,
    HistogramDataPoint, KeyValue, Metric, MetricData, MetricsData, NumberDataPoint, NumberValue,
    Resource, ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint, ValueAtQuantile,
};
use headwater_core::{Batch, Signal};

/// Now, in milliseconds.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_millis() as u64
}

pub(crate) fn attributes(pairs: &[(&str, &str)]) -> Vec<KeyValue> {
    pairs
        .iter()
        .map(|(key, value)| KeyValue::new(*key, *value))
        .collect()
}

fn metric(name: &str, unit: &str, data: MetricData) -> Metric {
    Metric {
        name: name.into(),
        unit: unit.into(),
        description: "What it is".into(),
        data: Some(data),
        ..Metric::default()
    }
}

fn point(at: u64, value: f64) -> NumberDataPoint {
    NumberDataPoint {
        attributes: attributes(&[("path", "/a \"b\" ü")]),
        start_time_unix_nano: (at - 60_000) * 1_000_000,
        time_unix_nano: at * 1_000_000,
        value: Some(NumberValue::Double(value)),
        ..NumberDataPoint::default()
    }
}

pub(crate) fn gauge(at: u64, value: f64) -> Metric {
    let data_points = vec![point(at, value)];
    metric(
        "room.temperature",
        "Cel",
        MetricData::Gauge(Gauge {
            data_points,
            ..Gauge::default()
        }),
    )
}

pub(crate) fn counter(at: u64, value: f64) -> Metric {
    let mut counted = point(at, value);
    counted.exemplars = vec![exemplar(at, 1.0)];
    metric(
        "http.requests",
        "1",
        MetricData::Sum(Sum {
            data_points: vec![counted],
            aggregation_temporality: 2,
            is_monotonic: true,
            ..Sum::default()
        }),
    )
}

fn exemplar(at: u64, value: f64) -> Exemplar {
    Exemplar {
        time_unix_nano: at * 1_000_000,
        trace_id: vec![0xab; 16].into(),
        value: Some(NumberValue::Double(value)),
        ..Exemplar::default()
    }
}

pub(crate) fn histogram(at: u64) -> Metric {
    let data_points = vec![HistogramDataPoint {
        time_unix_nano: at * 1_000_000,
        count: 100,
        sum: Some(55.0),
        bucket_counts: vec![50, 40, 10],
        explicit_bounds: vec![0.5, 1.0],
        exemplars: vec![exemplar(at, 0.7)],
        ..HistogramDataPoint::default()
    }];
    metric(
        "http.duration",
        "s",
        MetricData::Histogram(Histogram {
            data_points,
            aggregation_temporality: 2,
            ..Histogram::default()
        }),
    )
}

pub(crate) fn exponential(at: u64) -> Metric {
    let data_points = vec![ExponentialHistogramDataPoint {
        time_unix_nano: at * 1_000_000,
        count: 30,
        sum: Some(60.0),
        // (1, 2] and (2, 4].
        scale: 0,
        positive: Some(Buckets {
            offset: 0,
            bucket_counts: vec![10, 20],
            ..Buckets::default()
        }),
        ..ExponentialHistogramDataPoint::default()
    }];
    metric(
        "native.size",
        "By",
        MetricData::ExponentialHistogram(ExponentialHistogram {
            data_points,
            aggregation_temporality: 2,
            ..ExponentialHistogram::default()
        }),
    )
}

pub(crate) fn summary(at: u64) -> Metric {
    let data_points = vec![SummaryDataPoint {
        time_unix_nano: at * 1_000_000,
        count: 7,
        sum: 14.0,
        quantile_values: vec![ValueAtQuantile {
            quantile: 0.99,
            value: 3.5,
            ..ValueAtQuantile::default()
        }],
        ..SummaryDataPoint::default()
    }];
    metric(
        "gc.pause",
        "ms",
        MetricData::Summary(Summary {
            data_points,
            ..Summary::default()
        }),
    )
}

/// What an instrumented HTTP server sends, under the name that the dashboards ask for.
pub(crate) fn request_duration(at: u64) -> Metric {
    Metric {
        name: "http.server.request.duration".into(),
        ..histogram(at)
    }
}

/// Of the service `shop/api`.
pub(crate) fn batch(metrics: Vec<Metric>) -> Batch {
    let resource = [
        ("service.namespace", "shop"),
        ("service.name", "api"),
        ("service.instance.id", "pod-1"),
        ("k8s.pod.name", "api-1"),
    ];
    batch_of(&resource, metrics)
}

/// Of a resource with these attributes.
pub(crate) fn batch_of(resource: &[(&str, &str)], metrics: Vec<Metric>) -> Batch {
    let items = metrics.len();
    let data = MetricsData {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(Resource {
                attributes: attributes(resource),
                ..Resource::default()
            }),
            scope_metrics: vec![ScopeMetrics {
                metrics,
                ..ScopeMetrics::default()
            }],
            ..ResourceMetrics::default()
        }],
        ..MetricsData::default()
    };
    Batch::new(Signal::Metrics, data.encode(), items)
}
