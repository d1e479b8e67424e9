//! Telemetry to send: everything that OTLP can say, and any number of plain items.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram,
    HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary,
    SummaryDataPoint, exemplar, metric, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span};

use crate::message::{Message, Signal};

const TIME: u64 = 1_700_000_000_123_456_789;

/// A value.
#[must_use]
pub fn value(value: Value) -> AnyValue {
    AnyValue { value: Some(value) }
}

/// An attribute.
#[must_use]
pub fn attribute(key: &str, of: Value) -> KeyValue {
    KeyValue {
        key: key.into(),
        value: Some(value(of)),
        ..KeyValue::default()
    }
}

/// A text attribute.
#[must_use]
pub fn text(key: &str, text: &str) -> KeyValue {
    attribute(key, Value::StringValue(text.into()))
}

/// Attributes of every type, with the values at the edges.
#[must_use]
pub fn every_attribute() -> Vec<KeyValue> {
    let nested = KeyValueList {
        values: vec![text("inner", "x"), text("", "no key")],
    };
    let mixed = [
        Value::StringValue("a".into()),
        Value::BoolValue(true),
        Value::IntValue(-1),
        Value::DoubleValue(0.5),
        Value::KvlistValue(nested.clone()),
    ];
    let mixed = ArrayValue {
        values: mixed.into_iter().map(value).collect(),
    };
    vec![
        text("text", "hello"),
        text("text.empty", ""),
        text("text.unicode", "Grüße, 世界 \u{1f30d}\u{0}\n\"\\"),
        attribute("bool", Value::BoolValue(true)),
        attribute("bool.false", Value::BoolValue(false)),
        attribute("int", Value::IntValue(42)),
        attribute("int.zero", Value::IntValue(0)),
        attribute("int.max", Value::IntValue(i64::MAX)),
        attribute("int.min", Value::IntValue(i64::MIN)),
        attribute("double", Value::DoubleValue(-1.5)),
        attribute("double.tiny", Value::DoubleValue(5e-324)),
        attribute("double.infinite", Value::DoubleValue(f64::INFINITY)),
        attribute("double.nan", Value::DoubleValue(f64::NAN)),
        attribute("bytes", Value::BytesValue((0..=255).collect())),
        attribute("bytes.empty", Value::BytesValue(Vec::new())),
        attribute("array", Value::ArrayValue(mixed)),
        attribute("array.empty", Value::ArrayValue(ArrayValue::default())),
        attribute("map", Value::KvlistValue(nested)),
        attribute("map.empty", Value::KvlistValue(KeyValueList::default())),
        KeyValue {
            key: "no value".into(),
            ..KeyValue::default()
        },
    ]
}

fn resource(service: &str) -> Option<Resource> {
    let mut attributes = vec![text("service.name", service)];
    attributes.extend(every_attribute());
    Some(Resource {
        attributes,
        dropped_attributes_count: 3,
        ..Resource::default()
    })
}

fn scope(name: &str) -> Option<InstrumentationScope> {
    Some(InstrumentationScope {
        name: name.into(),
        version: "1.2.3".into(),
        attributes: every_attribute(),
        dropped_attributes_count: 4,
    })
}

/// A request in which every field of the protocol is set somewhere, and left out elsewhere, in
/// the name of `service`.
#[must_use]
pub fn rich(signal: Signal, service: &str) -> Message {
    match signal {
        Signal::Traces => Message::Traces(rich_traces(service)),
        Signal::Metrics => Message::Metrics(rich_metrics(service)),
        Signal::Logs => Message::Logs(rich_logs(service)),
    }
}

fn rich_traces(service: &str) -> ExportTraceServiceRequest {
    let full = Span {
        trace_id: (1..=16).collect(),
        span_id: (1..=8).collect(),
        trace_state: "vendor=1,other=2".into(),
        parent_span_id: (11..=18).collect(),
        flags: 0x301,
        name: "GET /世界".into(),
        kind: span::SpanKind::Server.into(),
        start_time_unix_nano: TIME,
        end_time_unix_nano: u64::MAX,
        attributes: every_attribute(),
        dropped_attributes_count: 1,
        events: vec![
            span::Event {
                time_unix_nano: TIME + 1,
                name: "exception".into(),
                attributes: every_attribute(),
                dropped_attributes_count: 2,
            },
            span::Event::default(),
        ],
        dropped_events_count: 5,
        links: vec![
            span::Link {
                trace_id: (21..=36).collect(),
                span_id: (21..=28).collect(),
                trace_state: "linked=yes".into(),
                attributes: every_attribute(),
                dropped_attributes_count: 6,
                flags: 0x100,
            },
            span::Link::default(),
        ],
        dropped_links_count: u32::MAX,
        status: Some(Status {
            message: "broke".into(),
            code: 2,
        }),
    };
    let plain = |name: &str| Span {
        name: name.into(),
        ..Span::default()
    };
    let spans = |scope, spans: Vec<Span>| ScopeSpans {
        scope,
        spans,
        schema_url: "https://example.com/scope".into(),
    };
    ExportTraceServiceRequest {
        resource_spans: vec![
            ResourceSpans {
                resource: resource(service),
                scope_spans: vec![
                    spans(scope("full"), vec![full, plain("second")]),
                    spans(None, vec![plain("without scope")]),
                ],
                schema_url: "https://example.com/resource".into(),
            },
            ResourceSpans {
                scope_spans: vec![spans(None, vec![plain(service)])],
                ..ResourceSpans::default()
            },
        ],
    }
}

fn rich_logs(service: &str) -> ExportLogsServiceRequest {
    let full = LogRecord {
        time_unix_nano: TIME,
        observed_time_unix_nano: TIME + 1,
        severity_number: 17,
        severity_text: "ERROR".into(),
        body: Some(value(Value::StringValue("it broke: 世界".into()))),
        attributes: every_attribute(),
        dropped_attributes_count: 7,
        flags: 1,
        trace_id: (1..=16).collect(),
        span_id: (1..=8).collect(),
        event_name: "device.app.lifecycle".into(),
    };
    let with = |body: Value| LogRecord {
        body: Some(value(body)),
        ..LogRecord::default()
    };
    let records = vec![
        full,
        with(Value::KvlistValue(KeyValueList {
            values: every_attribute(),
        })),
        with(Value::IntValue(-5)),
        with(Value::BytesValue(vec![0, 255])),
        LogRecord::default(),
    ];
    let logs = |scope, log_records| ScopeLogs {
        scope,
        log_records,
        schema_url: "https://example.com/scope".into(),
    };
    let text = |body: &str| with(Value::StringValue(body.into()));
    ExportLogsServiceRequest {
        resource_logs: vec![
            ResourceLogs {
                resource: resource(service),
                scope_logs: vec![logs(scope("full"), records), logs(None, vec![text("")])],
                schema_url: "https://example.com/resource".into(),
            },
            ResourceLogs {
                scope_logs: vec![logs(None, vec![text(service)])],
                ..ResourceLogs::default()
            },
        ],
    }
}

fn rich_metrics(service: &str) -> ExportMetricsServiceRequest {
    let metrics = rich_points().into_iter().map(|(name, data)| Metric {
        name: name.into(),
        description: format!("describes {name}"),
        unit: "By".into(),
        metadata: vec![text("prometheus.type", "unknown")],
        data: Some(data),
    });
    let scope_metrics = vec![ScopeMetrics {
        scope: scope("full"),
        metrics: metrics.collect(),
        schema_url: "https://example.com/scope".into(),
    }];
    let plain = Metric {
        name: service.into(),
        data: Some(metric::Data::Gauge(Gauge {
            data_points: vec![NumberDataPoint::default()],
        })),
        ..Metric::default()
    };
    ExportMetricsServiceRequest {
        resource_metrics: vec![
            ResourceMetrics {
                resource: resource(service),
                scope_metrics,
                schema_url: "https://example.com/resource".into(),
            },
            ResourceMetrics {
                scope_metrics: vec![ScopeMetrics {
                    metrics: vec![plain],
                    ..Default::default()
                }],
                ..ResourceMetrics::default()
            },
        ],
    }
}

fn exemplar(value: exemplar::Value) -> Exemplar {
    Exemplar {
        filtered_attributes: every_attribute(),
        time_unix_nano: TIME + 2,
        span_id: (1..=8).collect(),
        trace_id: (1..=16).collect(),
        value: Some(value),
    }
}

fn rich_points() -> Vec<(&'static str, metric::Data)> {
    let number = |value| NumberDataPoint {
        attributes: every_attribute(),
        start_time_unix_nano: TIME,
        time_unix_nano: TIME + 1,
        exemplars: vec![
            exemplar(exemplar::Value::AsInt(-3)),
            exemplar(exemplar::Value::AsDouble(0.1)),
        ],
        flags: 1,
        value: Some(value),
    };
    let int = number(number_data_point::Value::AsInt(i64::MIN));
    let double = number(number_data_point::Value::AsDouble(f64::MAX));
    let sum = |temporality, is_monotonic| Sum {
        data_points: vec![int.clone(), double.clone(), NumberDataPoint::default()],
        aggregation_temporality: temporality,
        is_monotonic,
    };
    let histogram = HistogramDataPoint {
        attributes: every_attribute(),
        start_time_unix_nano: TIME,
        time_unix_nano: TIME + 1,
        count: 6,
        sum: Some(17.5),
        bucket_counts: vec![1, 2, 3],
        explicit_bounds: vec![0.5, 10.0],
        exemplars: vec![exemplar(exemplar::Value::AsDouble(1.0))],
        flags: 0,
        min: Some(-0.5),
        max: Some(9e9),
    };
    let exponential = ExponentialHistogramDataPoint {
        attributes: every_attribute(),
        start_time_unix_nano: TIME,
        time_unix_nano: TIME + 1,
        count: u64::MAX,
        sum: Some(0.0),
        scale: -4,
        zero_count: 2,
        positive: Some(Buckets {
            offset: -1,
            bucket_counts: vec![0, 1, u64::MAX],
        }),
        negative: Some(Buckets {
            offset: 7,
            bucket_counts: vec![],
        }),
        flags: 0,
        exemplars: vec![exemplar(exemplar::Value::AsInt(1))],
        min: None,
        max: Some(0.0),
        zero_threshold: 1e-9,
    };
    let summary = SummaryDataPoint {
        attributes: every_attribute(),
        start_time_unix_nano: TIME,
        time_unix_nano: TIME + 1,
        count: 3,
        sum: 4.5,
        quantile_values: vec![
            ValueAtQuantile {
                quantile: 0.0,
                value: -1.0,
            },
            ValueAtQuantile {
                quantile: 0.99,
                value: 2.0,
            },
        ],
        flags: 0,
    };
    vec![
        (
            "gauge",
            metric::Data::Gauge(Gauge {
                data_points: vec![int.clone(), double.clone()],
            }),
        ),
        ("sum.cumulative", metric::Data::Sum(sum(2, true))),
        ("sum.delta", metric::Data::Sum(sum(1, false))),
        (
            "histogram",
            metric::Data::Histogram(Histogram {
                data_points: vec![histogram, HistogramDataPoint::default()],
                aggregation_temporality: 2,
            }),
        ),
        (
            "histogram.exponential",
            metric::Data::ExponentialHistogram(ExponentialHistogram {
                data_points: vec![exponential, ExponentialHistogramDataPoint::default()],
                aggregation_temporality: 1,
            }),
        ),
        (
            "summary",
            metric::Data::Summary(Summary {
                data_points: vec![summary, SummaryDataPoint::default()],
            }),
        ),
    ]
}

/// `count` items numbered from `first`, so that none is like another, of one resource and scope.
/// A metric has three data points as long as they last.
#[must_use]
pub fn numbered(signal: Signal, first: usize, count: usize) -> Message {
    let resource = Some(Resource {
        attributes: vec![text("service.name", "numbered")],
        ..Resource::default()
    });
    let scope = Some(InstrumentationScope {
        name: "tests".into(),
        ..Default::default()
    });
    let numbers = first..first + count;
    let id = |number: usize| vec![attribute("number", Value::IntValue(number as i64))];
    match signal {
        Signal::Traces => {
            let span = |number: usize| Span {
                trace_id: (number as u128 + 1).to_be_bytes().to_vec(),
                span_id: (number as u64 + 1).to_be_bytes().to_vec(),
                name: format!("span {number}"),
                start_time_unix_nano: TIME,
                end_time_unix_nano: TIME + 1,
                attributes: id(number),
                ..Span::default()
            };
            let spans = numbers.map(span).collect();
            let scope_spans = vec![ScopeSpans {
                scope,
                spans,
                ..ScopeSpans::default()
            }];
            let group = ResourceSpans {
                resource,
                scope_spans,
                ..ResourceSpans::default()
            };
            Message::Traces(ExportTraceServiceRequest {
                resource_spans: vec![group],
            })
        }
        Signal::Metrics => {
            let point = |number: usize| NumberDataPoint {
                attributes: id(number),
                time_unix_nano: TIME,
                value: Some(number_data_point::Value::AsInt(number as i64)),
                ..NumberDataPoint::default()
            };
            let points: Vec<_> = numbers.map(point).collect();
            let metric = |points: &[NumberDataPoint]| Metric {
                name: "requests".into(),
                data: Some(metric::Data::Sum(Sum {
                    data_points: points.to_vec(),
                    aggregation_temporality: 2,
                    is_monotonic: true,
                })),
                ..Metric::default()
            };
            let metrics = points.chunks(3).map(metric).collect();
            let scope_metrics = vec![ScopeMetrics {
                scope,
                metrics,
                ..ScopeMetrics::default()
            }];
            let group = ResourceMetrics {
                resource,
                scope_metrics,
                ..ResourceMetrics::default()
            };
            Message::Metrics(ExportMetricsServiceRequest {
                resource_metrics: vec![group],
            })
        }
        Signal::Logs => {
            let record = |number: usize| LogRecord {
                time_unix_nano: TIME,
                body: Some(value(Value::StringValue(format!("line {number}")))),
                attributes: id(number),
                ..LogRecord::default()
            };
            let log_records = numbers.map(record).collect();
            let scope_logs = vec![ScopeLogs {
                scope,
                log_records,
                ..ScopeLogs::default()
            }];
            let group = ResourceLogs {
                resource,
                scope_logs,
                ..ResourceLogs::default()
            };
            Message::Logs(ExportLogsServiceRequest {
                resource_logs: vec![group],
            })
        }
    }
}

/// One request of `count` log records with bodies of `bytes` bytes, numbered from `first`.
#[must_use]
pub fn large(first: usize, count: usize, bytes: usize) -> Message {
    let mut message = numbered(Signal::Logs, first, count);
    if let Message::Logs(request) = &mut message {
        for record in &mut request.resource_logs[0].scope_logs[0].log_records {
            record.body = Some(value(Value::StringValue("x".repeat(bytes))));
        }
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::items::Items;

    #[test]
    fn numbered_items_are_all_different() {
        for signal in Signal::ALL {
            let (all, first) = (numbered(signal, 0, 10), numbered(signal, 0, 4));
            let items = Items::of([&all]);
            assert_eq!(items.len(), 10);
            assert_eq!(items.count(signal), 10);
            let rest = items.without(&Items::of([&first]));
            assert_eq!(
                rest,
                Items::of([&numbered(signal, 4, 6)]).without(&Items::default())
            );
        }
    }
}
