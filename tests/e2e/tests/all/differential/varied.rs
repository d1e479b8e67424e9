//! Telemetry with something for every matcher: services, names, kinds, severities, bodies, scopes.

use headwater_e2e::samples::{attribute, text, value};
use headwater_e2e::{Message, Signal};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint,
    Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint, metric,
    number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};

/// A resource without attributes, and some that differ in what matchers look at.
fn resources() -> Vec<Option<Resource>> {
    let with = |attributes| {
        Some(Resource {
            attributes,
            ..Resource::default()
        })
    };
    vec![
        None,
        with(vec![
            text("service.name", "checkout"),
            text("host.name", "web-1"),
        ]),
        with(vec![
            text("service.name", "cart"),
            text("host.type", "n1-standard-1"),
        ]),
        with(vec![
            text("service.name", "checkout-eu"),
            attribute("host.cores", Value::IntValue(8)),
            text("token", "secret"),
        ]),
        with(vec![
            text("k8s.pod.ip", "10.0.0.1"),
            text("service_name", "old"),
        ]),
    ]
}

fn scopes() -> Vec<Option<InstrumentationScope>> {
    let scope = |name: &str, version: &str| {
        Some(InstrumentationScope {
            name: name.into(),
            version: version.into(),
            ..InstrumentationScope::default()
        })
    };
    vec![
        None,
        scope("library", "1.0"),
        scope("library", "2.0"),
        scope("other", ""),
    ]
}

/// Attribute lists of records; each gets an id on top, so that none is like another.
fn records() -> Vec<Vec<KeyValue>> {
    let nothing = KeyValue {
        key: "nothing".into(),
        ..KeyValue::default()
    };
    vec![
        vec![],
        vec![
            text("http.method", "GET"),
            text("http.url", "https://shop.example/cart/42?id=7"),
        ],
        vec![
            text("http.method", "POST"),
            text("user.email", "ann@example.com"),
        ],
        vec![
            text("number", "12"),
            text("number.padded", " 12 "),
            text("number.hex", "0x1f"),
            text("number.float", "1.75"),
            text("number.exponent", "1e3"),
            text("number.huge", "92233720368547758070"),
            text("number.none", "twelve"),
            text("number.empty", ""),
            text("number.nan", "NaN"),
            text("number.infinite", "-Inf"),
        ],
        vec![
            attribute("bool", Value::BoolValue(true)),
            attribute("bool.false", Value::BoolValue(false)),
            attribute("int", Value::IntValue(-7)),
            attribute("int.max", Value::IntValue(i64::MAX)),
            attribute("double", Value::DoubleValue(2.999)),
            attribute("double.whole", Value::DoubleValue(3.0)),
            attribute("double.large", Value::DoubleValue(1e21)),
            attribute("double.small", Value::DoubleValue(1e-7)),
            attribute("double.negative", Value::DoubleValue(-0.5)),
            nothing,
        ],
        vec![
            text("token", "a"),
            text("Token", "b"),
            text("token.old", "c"),
            text("my.token", "d"),
        ],
        vec![
            text("twice", "first"),
            text("twice", "second"),
            text("between", "x"),
        ],
        vec![
            text("empty", ""),
            text("unicode", "Grüße 世界"),
            text("lines", "one\ntwo"),
        ],
        headwater_e2e::samples::every_attribute(),
    ]
}

/// Every combination of resource and scope, with all records in each.
pub(super) fn varied(signal: Signal) -> Message {
    let mut number = 0;
    let mut records = || -> Vec<(i64, Vec<KeyValue>)> {
        let numbered = records().into_iter().map(|mut attributes| {
            number += 1;
            attributes.push(attribute("id", Value::IntValue(number)));
            (number, attributes)
        });
        numbered.collect()
    };
    match signal {
        Signal::Traces => {
            let mut group = |resource| ResourceSpans {
                resource,
                scope_spans: scopes()
                    .into_iter()
                    .map(|scope| ScopeSpans {
                        scope,
                        spans: records().into_iter().map(span).collect(),
                        ..ScopeSpans::default()
                    })
                    .collect(),
                ..ResourceSpans::default()
            };
            let resource_spans = resources().into_iter().map(&mut group).collect();
            Message::Traces(ExportTraceServiceRequest { resource_spans })
        }
        Signal::Metrics => {
            let mut group = |resource| ResourceMetrics {
                resource,
                scope_metrics: scopes()
                    .into_iter()
                    .map(|scope| ScopeMetrics {
                        scope,
                        metrics: records().into_iter().map(data_point).collect(),
                        ..ScopeMetrics::default()
                    })
                    .collect(),
                ..ResourceMetrics::default()
            };
            let resource_metrics = resources().into_iter().map(&mut group).collect();
            Message::Metrics(ExportMetricsServiceRequest { resource_metrics })
        }
        Signal::Logs => {
            let mut group = |resource| ResourceLogs {
                resource,
                scope_logs: scopes()
                    .into_iter()
                    .map(|scope| ScopeLogs {
                        scope,
                        log_records: records().into_iter().map(log_record).collect(),
                        ..ScopeLogs::default()
                    })
                    .collect(),
                ..ResourceLogs::default()
            };
            let resource_logs = resources().into_iter().map(&mut group).collect();
            Message::Logs(ExportLogsServiceRequest { resource_logs })
        }
    }
}

fn span((number, attributes): (i64, Vec<KeyValue>)) -> Span {
    let names = [
        "GET /cart",
        "GET /checkout",
        "POST /checkout",
        "",
        "grpc.Call",
    ];
    Span {
        trace_id: vec![1; 16],
        span_id: number.to_be_bytes().to_vec(),
        name: names[number as usize % names.len()].into(),
        kind: (number % 6) as i32,
        attributes,
        ..Span::default()
    }
}

fn log_record((number, attributes): (i64, Vec<KeyValue>)) -> LogRecord {
    let bodies: [fn() -> Option<AnyValue>; 5] = [
        || None,
        || Some(value(Value::StringValue("payment declined".into()))),
        || Some(value(Value::StringValue("payment accepted".into()))),
        || Some(value(Value::IntValue(404))),
        || Some(value(Value::StringValue(String::new()))),
    ];
    let texts = ["", "INFO", "info", "ERROR", "WARN"];
    LogRecord {
        body: bodies[number as usize % bodies.len()](),
        severity_number: (number % 25) as i32,
        severity_text: texts[number as usize % 7 % texts.len()].into(),
        attributes,
        ..LogRecord::default()
    }
}

fn data_point((number, attributes): (i64, Vec<KeyValue>)) -> Metric {
    let names = ["requests", "requests.total", "latency", "", "queue.size"];
    let point = NumberDataPoint {
        attributes: attributes.clone(),
        value: Some(number_data_point::Value::AsInt(number)),
        ..NumberDataPoint::default()
    };
    let data = match number % 5 {
        0 => metric::Data::Gauge(Gauge {
            data_points: vec![point.clone(), point],
        }),
        1 => metric::Data::Sum(Sum {
            data_points: vec![point],
            ..Sum::default()
        }),
        2 => metric::Data::Histogram(Histogram {
            data_points: vec![HistogramDataPoint {
                attributes,
                ..Default::default()
            }],
            ..Histogram::default()
        }),
        3 => metric::Data::ExponentialHistogram(ExponentialHistogram {
            data_points: vec![ExponentialHistogramDataPoint {
                attributes,
                ..Default::default()
            }],
            ..ExponentialHistogram::default()
        }),
        _ => metric::Data::Summary(Summary {
            data_points: vec![SummaryDataPoint {
                attributes,
                ..Default::default()
            }],
        }),
    };
    Metric {
        name: names[number as usize % 7 % names.len()].into(),
        data: Some(data),
        ..Metric::default()
    }
}
