//! The span_metrics connector: the same series with the same values. Times differ, of course.

use std::collections::BTreeMap;

use headwater_e2e::samples::{attribute, text};
use headwater_e2e::{Message, Sink, grpc, wait, yaml};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::{metric, number_data_point};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::Event;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};

use super::{Pair, exporter_of_case};

/// What the Collector has behind a feature gate is left out in every case.
const CASES: [&str; 17] = [
    "",
    "namespace: ''",
    "dimensions: [{name: http.method, default: GET}, {name: http.status_code}, {name: region}]",
    "dimensions: [{name: a}, {name: http.method}], calls_dimensions: [{name: http.status_code}]",
    "histogram: {dimensions: [{name: http.method}], unit: s}",
    "histogram: {explicit: {buckets: [100us, 1ms, 2ms, 2.5ms, 1s, 2h]}}",
    "histogram: {explicit: {buckets: []}}",
    "histogram: {exponential: {max_size: 10}}",
    "histogram: {exponential: {}, unit: s}",
    "histogram: {disable: true}",
    SCOPED,
    "events: {enabled: true, dimensions: [{name: exception.type}, {name: region}]}",
    "aggregation_cardinality_limit: 7",
    "resource_metrics_key_attributes: [service.name]",
    "enable_metrics_sampling_method: true",
    "aggregation_temporality: AGGREGATION_TEMPORALITY_DELTA",
    "aggregation_temporality: AGGREGATION_TEMPORALITY_DELTA, histogram: {unit: s}, \
     aggregation_cardinality_limit: 5",
];

/// Upstream counts the spans of every scope in the series of whichever scope came first; ours are
/// apart. What both have is the sum.
const SCOPED: &str = "include_instrumentation_scope: [library], histogram: {disable: true}";

fn config() -> String {
    let mut connectors = String::from("connectors:\n");
    let mut exporters = String::from("exporters:\n");
    let mut pipelines =
        String::from("service:\n  pipelines:\n    traces:\n      receivers: [otlp]\n");
    let all: Vec<_> = (0..CASES.len())
        .map(|n| format!("spanmetrics/{n}"))
        .collect();
    pipelines += &format!("      exporters: [{}]\n", all.join(", "));
    for (number, case) in CASES.iter().enumerate() {
        let comma = if case.is_empty() { "" } else { ", " };
        connectors += &format!(
            "  spanmetrics/{number}: {{metrics_flush_interval: 1s, \
             exclude_dimensions: [collector.instance.id]{comma}{case}}}\n"
        );
        exporters += &exporter_of_case(number);
        pipelines += &format!(
            "    metrics/{number}:\n      receivers: [spanmetrics/{number}]\n      \
             exporters: [otlp_http/{number}]\n"
        );
    }
    connectors + &exporters + &pipelines
}

fn span(n: u64) -> Span {
    let mut attributes: Vec<KeyValue> = Vec::new();
    if !n.is_multiple_of(3) {
        attributes.push(text("http.method", ["GET", "PUT"][(n % 2) as usize]));
    }
    if !n.is_multiple_of(4) {
        attributes.push(attribute(
            "http.status_code",
            Value::IntValue(200 + (n % 3) as i64),
        ));
    }
    if n.is_multiple_of(5) {
        attributes.push(text("region", "span"));
    }
    let event = |kind: &str| Event {
        name: "exception".into(),
        attributes: vec![text("exception.type", kind)],
        ..Event::default()
    };
    let start = 1_700_000_000_000_000_000 + n;
    Span {
        trace_id: n.to_be_bytes().repeat(2),
        span_id: n.to_be_bytes().into(),
        name: format!("name-{}", n % 9),
        kind: (n % 8) as i32,
        trace_state: ["", "ot=th:8", "a=b", "ot=th:c", "ot=th:zz"][(n % 5) as usize].into(),
        start_time_unix_nano: start,
        // Some end before they begin.
        end_time_unix_nano: (start + n * n * 1009).saturating_sub(if n.is_multiple_of(13) {
            1 << 40
        } else {
            0
        }),
        attributes,
        events: if n.is_multiple_of(6) {
            vec![event("io"), event("parse")]
        } else {
            Vec::new()
        },
        status: Some(Status {
            code: (n % 4) as i32,
            ..Status::default()
        }),
        ..Span::default()
    }
}

fn spans() -> Message {
    let resources = [
        vec![
            text("service.name", "shop"),
            text("region", "eu"),
            text("pod", "1"),
        ],
        vec![
            text("service.name", "shop"),
            text("region", "eu"),
            text("pod", "2"),
        ],
        vec![text("service.name", "Shop")],
        vec![attribute("service.name", Value::IntValue(7))],
        vec![text("host.name", "no service")],
    ];
    let resource_spans = resources.into_iter().enumerate().map(|(r, attributes)| {
        let scopes = ["library", "other"]
            .into_iter()
            .enumerate()
            .map(|(s, name)| ScopeSpans {
                scope: Some(InstrumentationScope {
                    name: name.into(),
                    version: "1.2".into(),
                    ..InstrumentationScope::default()
                }),
                spans: (0..120)
                    .map(|n| span(n * 7 + r as u64 * 1000 + s as u64))
                    .collect(),
                ..ScopeSpans::default()
            });
        ResourceSpans {
            resource: Some(Resource {
                attributes,
                ..Resource::default()
            }),
            scope_spans: scopes.collect(),
            ..ResourceSpans::default()
        }
    });
    Message::Traces(ExportTraceServiceRequest {
        resource_spans: resource_spans.collect(),
    })
}

/// Values by series, without times; of deltas the sum.
type Values = BTreeMap<String, String>;

fn shown(attributes: &[KeyValue]) -> String {
    let mut all: Vec<_> = attributes.iter().map(|pair| format!("{pair:?}")).collect();
    all.sort();
    all.join(",")
}

fn values(request: &ExportMetricsServiceRequest) -> Values {
    let mut values = Values::new();
    for entry in &request.resource_metrics {
        let resource = shown(&entry.resource.as_ref().unwrap().attributes);
        for entry in &entry.scope_metrics {
            let scope = &entry.scope.as_ref().unwrap().name;
            for metric in &entry.metrics {
                let head = format!("{resource} {scope} {} {:?}", metric.name, metric.unit);
                let mut put = |attributes: &[KeyValue], value: String| {
                    let key = format!("{head} {}", shown(attributes));
                    assert_eq!(values.insert(key, value), None, "twice the same series");
                };
                match metric.data.as_ref().unwrap() {
                    metric::Data::Sum(data) => {
                        assert!(data.is_monotonic);
                        for point in &data.data_points {
                            let Some(number_data_point::Value::AsInt(value)) = point.value else {
                                panic!("{point:?}")
                            };
                            put(&point.attributes, value.to_string());
                        }
                    }
                    metric::Data::Histogram(data) => {
                        for p in &data.data_points {
                            let value = format!(
                                "{} {:?} {:?} {:?} {:?}",
                                p.count, p.sum, p.bucket_counts, p.explicit_bounds, p.min
                            );
                            put(&p.attributes, value);
                        }
                    }
                    metric::Data::ExponentialHistogram(data) => {
                        for p in &data.data_points {
                            let value = format!(
                                "{} {:?} {} {} {:?} {:?} {:?}",
                                p.count, p.sum, p.scale, p.zero_count, p.positive, p.min, p.max
                            );
                            put(&p.attributes, value);
                        }
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
    }
    values
}

/// Sums over scopes; their names have to be there.
fn without_scope(values: Values) -> Values {
    let mut sums = BTreeMap::<String, u64>::new();
    let mut named = 0;
    for (key, value) in values {
        let (kept, dropped): (Vec<&str>, Vec<&str>) = key
            .split(",KeyValue")
            .partition(|part| !part.contains("span.instrumentation.scope"));
        named += dropped.len();
        *sums.entry(kept.join(",KeyValue")).or_default() += value.parse::<u64>().unwrap();
    }
    assert!(named > 0);
    sums.into_iter()
        .map(|(key, sum)| (key, sum.to_string()))
        .collect()
}

/// The requests of a case that hold points.
fn requests(sink: &Sink, case: usize) -> Vec<ExportMetricsServiceRequest> {
    let mut requests = Vec::new();
    for request in sink.requests() {
        if request.header("case") == case.to_string()
            && let Message::Metrics(message) = request.message
            && !message.resource_metrics.is_empty()
        {
            requests.push(message);
        }
    }
    requests
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn spans_become_the_same_series() {
    let pair = Pair::start(&[yaml::OTLP_IN, &config()]).await;
    for side in pair.sides() {
        let client = grpc::Client::connect(side.collector.grpc()).await.unwrap();
        let answer = client.export(&spans()).await.unwrap();
        assert_eq!(answer.code, Some(0), "{}", answer.message);
    }
    for side in pair.sides() {
        wait::until("flushes of every case", || {
            let counts = (0..CASES.len()).map(|case| (case, requests(&side.sink, case).len()));
            // The first cumulative sums are 0. Deltas come once.
            let enough = |(case, count): (usize, usize)| {
                count >= if CASES[case].contains("DELTA") { 1 } else { 2 }
            };
            counts.into_iter().all(enough).then_some(())
        })
        .await;
    }
    let (ours, theirs) = pair.stop().await;
    let mut different = Vec::new();
    for (number, case) in CASES.iter().enumerate() {
        let last = |sink: &Sink| {
            let requests = requests(sink, number);
            let at = if case.contains("DELTA") { 0 } else { 1 };
            let values = values(&requests[at]);
            if *case == SCOPED {
                without_scope(values)
            } else {
                values
            }
        };
        let (ours, theirs) = (last(&ours), last(&theirs));
        assert!(!theirs.is_empty(), "{case}");
        for key in ours.keys().chain(theirs.keys()) {
            if ours.get(key) != theirs.get(key) {
                let (a, b) = (ours.get(key), theirs.get(key));
                different.push(format!("{case}: {key}\n  ours   {a:?}\n  theirs {b:?}"));
            }
        }
    }
    different.dedup();
    assert!(
        different.is_empty(),
        "{} series differ:\n{}",
        different.len(),
        different[..different.len().min(10)].join("\n")
    );
}
