//! The processors cumulative_to_delta and deltatocumulative: the same points come out of the same
//! series of requests.

use headwater_e2e::samples::{attribute, text};
use headwater_e2e::{Message, Signal, grpc, yaml};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint,
    Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, metric, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;

use super::{Pair, assert_same, by_case, one_pipeline_per_case};

const TO_DELTA: [&str; 8] = [
    "{initial_value: keep}",
    "{initial_value: drop}",
    "{}",
    "{max_staleness: 0s}",
    "{initial_value: keep, include: {match_type: strict, metrics: [int, histogram]}}",
    "{initial_value: keep, exclude: {match_type: regexp, metrics: ['^h', 'double$']}}",
    "{initial_value: keep, include: {metric_types: [sum, ExponentialHistogram]}}",
    "{initial_value: keep, exclude: {metric_types: [histogram]}}",
];

const TO_CUMULATIVE: [&str; 2] = ["{}", "{max_stale: 1h, max_streams: 100000}"];

const SECOND: u64 = 1_000_000_000;

/// Pseudo-random numbers, the same ones for both.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// Times of the points of one request: since when, and when.
#[derive(Clone, Copy)]
struct Times {
    start: u64,
    time: u64,
}

fn number(times: Times, flags: u32, value: Option<number_data_point::Value>) -> NumberDataPoint {
    NumberDataPoint {
        start_time_unix_nano: times.start * SECOND,
        time_unix_nano: times.time * SECOND,
        flags,
        value,
        attributes: vec![text("label", "value")],
        ..NumberDataPoint::default()
    }
}

fn sum(name: &str, temporality: i32, is_monotonic: bool, point: NumberDataPoint) -> Metric {
    Metric {
        name: name.into(),
        unit: "1".into(),
        data: Some(metric::Data::Sum(Sum {
            data_points: vec![point],
            aggregation_temporality: temporality,
            is_monotonic,
        })),
        ..Metric::default()
    }
}

fn metrics(random: &mut Random, temporality: i32, times: Times, step: u64) -> Vec<Metric> {
    use number_data_point::Value::{AsDouble, AsInt};

    let grown = if temporality == 2 { step * 10 } else { 1 };
    let int = (grown + random.below(5)) as i64;
    // A reset now and then.
    let int = if step % 7 == 6 { 1 } else { int };
    let double = grown as f64 + random.below(100) as f64 / 8.0;
    let counts: Vec<u64> = (0..4).map(|_| grown + random.below(6)).collect();
    let is_reset = step % 5 == 4 && temporality == 2;
    let counts = if is_reset { vec![0, 1, 0, 0] } else { counts };
    let bounds = if step == 9 {
        vec![1.0, 2.0, 5.0]
    } else {
        vec![1.0, 2.0, 4.0]
    };
    let histogram = HistogramDataPoint {
        start_time_unix_nano: times.start * SECOND,
        time_unix_nano: times.time * SECOND,
        count: counts.iter().sum(),
        sum: (step % 4 != 3).then_some(double),
        bucket_counts: counts,
        explicit_bounds: bounds,
        min: (step % 3 != 2).then_some(0.5),
        max: Some(10.0 + step as f64),
        attributes: vec![attribute("code", Value::IntValue(200))],
        ..HistogramDataPoint::default()
    };
    let scale = if temporality == 2 {
        4 - (step / 3) as i32
    } else {
        random.below(5) as i32
    };
    let length = 3 + random.below(20);
    let mut buckets = |offset: i32| Buckets {
        offset,
        bucket_counts: (0..length).map(|_| random.below(4) * grown).collect(),
    };
    let (positive, negative) = (buckets(-5 + step as i32), buckets(2));
    let zero_threshold = if step > 8 { 0.25 } else { 0.0 };
    let values = |buckets: &Buckets| buckets.bucket_counts.iter().sum::<u64>();
    let exponential = ExponentialHistogramDataPoint {
        start_time_unix_nano: times.start * SECOND,
        time_unix_nano: times.time * SECOND,
        count: values(&positive) + values(&negative) + step,
        sum: Some(double),
        scale,
        zero_count: step,
        positive: Some(positive),
        negative: Some(negative),
        zero_threshold,
        min: Some(-1.0),
        max: Some(1.0),
        ..ExponentialHistogramDataPoint::default()
    };
    vec![
        sum("int", temporality, true, number(times, 0, Some(AsInt(int)))),
        sum(
            "double",
            temporality,
            true,
            number(times, 0, Some(AsDouble(double))),
        ),
        sum(
            "falling",
            temporality,
            false,
            number(times, 0, Some(AsInt(-int))),
        ),
        sum("unspecified", 0, true, number(times, 0, Some(AsInt(int)))),
        Metric {
            name: "histogram".into(),
            data: Some(metric::Data::Histogram(Histogram {
                data_points: vec![histogram],
                aggregation_temporality: temporality,
            })),
            ..Metric::default()
        },
        Metric {
            name: "exponential".into(),
            data: Some(metric::Data::ExponentialHistogram(ExponentialHistogram {
                data_points: vec![exponential],
                aggregation_temporality: temporality,
            })),
            ..Metric::default()
        },
        Metric {
            name: "gauge".into(),
            data: Some(metric::Data::Gauge(Gauge {
                data_points: vec![number(times, 0, Some(AsInt(int)))],
            })),
            ..Metric::default()
        },
    ]
}

/// Requests in order: streams of two resources, that grow, begin anew, come late and come twice.
fn requests(temporality: i32) -> Vec<Message> {
    let mut random = Random(88172645463325252);
    // The year 2100: behind the start of the processors.
    let base = 4_102_444_800;
    let mut requests = Vec::new();
    for step in 0..14_u64 {
        let mut entries = Vec::new();
        for (service, offset) in [("a", 0), ("b", 3)] {
            let time = base + 10 * step + offset;
            let start = match temporality {
                2 if step >= 11 => base + 105,
                2 => base,
                // A gap, and one that reaches back too far.
                _ if step == 6 => base - 100,
                _ => time - 10,
            };
            // One comes late.
            let time = if step == 8 { time - 25 } else { time };
            let times = Times { start, time };
            entries.push(ResourceMetrics {
                resource: Some(Resource {
                    attributes: vec![text("service.name", service)],
                    ..Resource::default()
                }),
                scope_metrics: vec![ScopeMetrics {
                    scope: Some(InstrumentationScope {
                        name: "library".into(),
                        version: "1".into(),
                        ..InstrumentationScope::default()
                    }),
                    metrics: metrics(&mut random, temporality, times, step),
                    ..ScopeMetrics::default()
                }],
                ..ResourceMetrics::default()
            });
        }
        let request = ExportMetricsServiceRequest {
            resource_metrics: entries,
        };
        requests.push(Message::Metrics(request));
    }
    requests
}

async fn compare(component: &str, cases: &[&str]) {
    let config = one_pipeline_per_case(component, cases, &[Signal::Metrics]);
    let pair = Pair::start(&[yaml::OTLP_IN, &config]).await;
    for side in pair.sides() {
        let client = grpc::Client::connect(side.collector.grpc()).await.unwrap();
        for message in requests(1).into_iter().chain(requests(2)) {
            let answer = client.export(&message).await.unwrap();
            assert_eq!(answer.code, Some(0), "{}", answer.message);
        }
    }
    let (ours, theirs) = pair.stop().await;
    assert_same(cases, &by_case(&ours), &by_case(&theirs));
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn cumulative_points_become_the_same_deltas() {
    compare("cumulativetodelta", &TO_DELTA).await;
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn deltas_become_the_same_cumulative_points() {
    compare("deltatocumulative", &TO_CUMULATIVE).await;
}
