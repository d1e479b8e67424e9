//! From OTLP to remote write: translation, encoding, compression.
#![expect(
    clippy::expect_used,
    reason = "a benchmark without its input has nothing to measure"
)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use headwater_core::pdata::Payload;
use headwater_core::pdata::owned::{
    Gauge, KeyValue, Metric, MetricData, MetricsData, NumberDataPoint, NumberValue, Resource,
    ResourceMetrics, ScopeMetrics, Sum,
};
use headwater_prometheus::remote_write::{Compressor, Message};
use headwater_prometheus::translate::{Options, Translator};

/// Series of a scrape, in metrics of 100.
const SERIES: usize = 50_000;
const PER_METRIC: usize = 100;

fn point(number: usize, round: u64) -> NumberDataPoint {
    let text = |modulus: usize| (number % modulus).to_string();
    NumberDataPoint {
        attributes: vec![
            KeyValue::new("method", "GET"),
            KeyValue::new("code", "200"),
            KeyValue::new("handler", format!("/api/v1/orders/{}", text(1000)).as_str()),
            KeyValue::new("shard", text(100).as_str()),
            KeyValue::new("number", number.to_string().as_str()),
        ],
        start_time_unix_nano: 1_700_000_000_000_000_000,
        time_unix_nano: 1_700_000_001_000_000_000 + round * 1_000_000_000,
        value: Some(NumberValue::Double((number as u64 * 7 + round) as f64)),
        ..NumberDataPoint::default()
    }
}

/// What a scrape of 50,000 series becomes.
fn scrape(round: u64) -> Payload {
    let metrics = (0..SERIES / PER_METRIC)
        .map(|metric| {
            let first = metric * PER_METRIC;
            let data_points = (first..first + PER_METRIC)
                .map(|n| point(n, round))
                .collect();
            let data = if metric % 2 == 0 {
                MetricData::Sum(Sum {
                    data_points,
                    aggregation_temporality: 2,
                    is_monotonic: true,
                    ..Sum::default()
                })
            } else {
                MetricData::Gauge(Gauge {
                    data_points,
                    ..Gauge::default()
                })
            };
            Metric {
                name: format!("http_requests_number_{metric}").as_str().into(),
                description: "How many requests there were.".into(),
                data: Some(data),
                ..Metric::default()
            }
        })
        .collect();
    let data = MetricsData {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(Resource {
                attributes: vec![
                    KeyValue::new("service.name", "node"),
                    KeyValue::new("service.instance.id", "10.0.0.1:9100"),
                    KeyValue::new("server.address", "10.0.0.1"),
                ],
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
    Payload::from(data.encode())
}

fn known_series(c: &mut Criterion) {
    let mut group = c.benchmark_group("remote_write");
    group.throughput(Throughput::Elements(SERIES as u64));
    let payload = scrape(1);
    for (name, message) in [("1.0", Message::V1), ("2.0", Message::V2)] {
        let mut translator = Translator::new(Options::default(), message);
        translator.translate(&payload);
        group.bench_function(BenchmarkId::new("translate", name), |b| {
            b.iter(|| translator.translate(&payload));
        });
        group.bench_function(BenchmarkId::new("translate and encode", name), |b| {
            b.iter(|| {
                translator.translate(&payload);
                let mut bytes = 0;
                translator.requests(3_000_000, |request| bytes += request.body.len());
                bytes
            });
        });
        let mut compressor = Compressor::default();
        group.bench_function(BenchmarkId::new("and compress", name), |b| {
            b.iter(|| {
                translator.translate(&payload);
                let mut bytes = 0;
                translator.requests(3_000_000, |request| {
                    let body = compressor.compress(request.body);
                    bytes += body.expect("a request is not that long").len();
                });
                bytes
            });
        });
    }
    group.finish();
}

fn new_series(c: &mut Criterion) {
    let mut group = c.benchmark_group("remote_write");
    group.throughput(Throughput::Elements(SERIES as u64));
    let payload = scrape(1);
    group.bench_function("first seen", |b| {
        b.iter(|| Translator::new(Options::default(), Message::V1).translate(&payload));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = known_series, new_series
}
criterion_main!(benches);
