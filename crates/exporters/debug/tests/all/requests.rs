//! Requests with something in every field.

use headwater_core::bytes::Bytes;
use headwater_core::pdata::count_items;
use headwater_core::{Batch, Signal};
use headwater_testkit::otlp::{
    AnyValue, ArrayValue, Buckets, Data, EntityRef, Event, Exemplar, ExemplarValue,
    ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint,
    InstrumentationScope, KeyValue, KeyValueList, Link, LogRecord, LogsData, Metric, MetricsData,
    NumberDataPoint, NumberValue, Resource, ResourceLogs, ResourceMetrics, ResourceSpans,
    ScopeLogs, ScopeMetrics, ScopeSpans, Span, Status, Sum, Summary, SummaryDataPoint, TracesData,
    Value, ValueAtQuantile,
};
use prost::Message;

const START: u64 = 1_581_452_772_000_000_321;
const END: u64 = 1_581_452_773_500_000_000;

fn trace_id() -> Vec<u8> {
    (1..=16).collect()
}

fn span_id() -> Vec<u8> {
    (0x11..=0x18).collect()
}

fn value(value: Value) -> AnyValue {
    AnyValue { value: Some(value) }
}

fn attribute(key: &str, value: Option<Value>) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value }),
        key_strindex: 0,
    }
}

fn text(key: &str, text: &str) -> KeyValue {
    attribute(key, Some(Value::StringValue(text.to_owned())))
}

/// One attribute of every kind.
fn all_kinds() -> Vec<KeyValue> {
    let list = vec![
        value(Value::IntValue(1)),
        value(Value::StringValue("<two>".to_owned())),
    ];
    let nested = vec![
        text("z", "last"),
        attribute("a", Some(Value::BoolValue(true))),
    ];
    vec![
        text("string", "some text"),
        attribute("bool", Some(Value::BoolValue(false))),
        attribute("int", Some(Value::IntValue(-5))),
        attribute("double", Some(Value::DoubleValue(1e21))),
        attribute("bytes", Some(Value::BytesValue(vec![1, 2, 255]))),
        attribute("list", Some(Value::ArrayValue(ArrayValue { values: list }))),
        attribute(
            "map",
            Some(Value::KvlistValue(KeyValueList { values: nested })),
        ),
        attribute("empty", None),
    ]
}

fn resource() -> Resource {
    let entity = EntityRef {
        schema_url: "https://entity".to_owned(),
        r#type: "service".to_owned(),
        id_keys: vec!["service.name".to_owned()],
        description_keys: vec!["service.version".to_owned()],
    };
    Resource {
        attributes: vec![text("service.name", "shop"), text("host.name", "n1")],
        entity_refs: vec![entity],
        ..Resource::default()
    }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "lib".to_owned(),
        version: "1.2".to_owned(),
        attributes: vec![text("scope.attribute", "x")],
        ..InstrumentationScope::default()
    }
}

fn batch(signal: Signal, bytes: Vec<u8>) -> Batch {
    let items = count_items(signal, &bytes).unwrap();
    Batch::new(signal, Bytes::from(bytes), items)
}

pub(crate) fn traces() -> Batch {
    let event = Event {
        time_unix_nano: END,
        name: "exception".to_owned(),
        attributes: vec![text("message", "it broke")],
        dropped_attributes_count: 2,
    };
    let link = Link {
        trace_id: trace_id(),
        span_id: span_id(),
        trace_state: "a=b".to_owned(),
        attributes: vec![text("link.attribute", "y")],
        dropped_attributes_count: 4,
        flags: 1,
    };
    let full = Span {
        trace_id: trace_id(),
        span_id: span_id(),
        parent_span_id: vec![9; 8],
        trace_state: "ot=th:0".to_owned(),
        name: "GET /things".to_owned(),
        kind: 2,
        start_time_unix_nano: START,
        end_time_unix_nano: END,
        attributes: all_kinds(),
        dropped_attributes_count: 1,
        events: vec![
            event,
            Event {
                name: "bare".to_owned(),
                ..Event::default()
            },
        ],
        dropped_events_count: 3,
        links: vec![link, Link::default()],
        dropped_links_count: 5,
        status: Some(Status {
            message: "cancelled".to_owned(),
            code: 2,
        }),
        flags: 257,
    };
    let bare = Span {
        name: "bare".to_owned(),
        kind: 77,
        ..Span::default()
    };
    let full = ScopeSpans {
        scope: Some(scope()),
        spans: vec![full, bare],
        schema_url: "https://scope".to_owned(),
    };
    let entry = ResourceSpans {
        resource: Some(resource()),
        scope_spans: vec![full, ScopeSpans::default()],
        schema_url: "https://resource".to_owned(),
        ..ResourceSpans::default()
    };
    let second = ScopeSpans {
        schema_url: "s".to_owned(),
        ..ScopeSpans::default()
    };
    let second = ResourceSpans {
        scope_spans: vec![second],
        ..ResourceSpans::default()
    };
    let data = TracesData {
        resource_spans: vec![entry, second],
    };
    batch(Signal::Traces, data.encode_to_vec())
}

pub(crate) fn logs() -> Batch {
    let full = LogRecord {
        time_unix_nano: START,
        observed_time_unix_nano: END,
        severity_number: 10,
        severity_text: "INFO".to_owned(),
        body: Some(value(Value::StringValue("two\nlines".to_owned()))),
        attributes: all_kinds(),
        trace_id: trace_id(),
        span_id: span_id(),
        flags: 1,
        event_name: "startup".to_owned(),
        ..LogRecord::default()
    };
    let of_severity = |severity_number| LogRecord {
        severity_number,
        body: Some(value(Value::KvlistValue(KeyValueList {
            values: all_kinds(),
        }))),
        ..LogRecord::default()
    };
    let mut records = vec![full, LogRecord::default()];
    records.extend([1, 4, 13, 24, 25].map(of_severity));
    let scope = ScopeLogs {
        scope: Some(scope()),
        log_records: records,
        schema_url: "https://scope".to_owned(),
    };
    let entry = ResourceLogs {
        resource: Some(resource()),
        scope_logs: vec![scope],
        ..ResourceLogs::default()
    };
    batch(
        Signal::Logs,
        LogsData {
            resource_logs: vec![entry],
        }
        .encode_to_vec(),
    )
}

fn exemplar(value: ExemplarValue) -> Exemplar {
    Exemplar {
        filtered_attributes: vec![text("user", "u1")],
        time_unix_nano: END,
        trace_id: trace_id(),
        span_id: span_id(),
        value: Some(value),
    }
}

fn number(value: Option<NumberValue>) -> NumberDataPoint {
    NumberDataPoint {
        attributes: vec![text("core", "0"), text("state", "idle")],
        start_time_unix_nano: START,
        time_unix_nano: END,
        value,
        exemplars: vec![
            exemplar(ExemplarValue::AsInt(15)),
            exemplar(ExemplarValue::AsDouble(1.5)),
        ],
        flags: 0,
    }
}

fn metric(name: &str, data: Option<Data>) -> Metric {
    Metric {
        name: name.to_owned(),
        description: "what it is".to_owned(),
        unit: "By".to_owned(),
        data,
        metadata: vec![text("meta", "data")],
    }
}

pub(crate) fn metrics() -> Batch {
    let numbers = [
        Some(NumberValue::AsInt(-123)),
        Some(NumberValue::AsDouble(1.23)),
        Some(NumberValue::AsDouble(f64::NAN)),
        Some(NumberValue::AsDouble(12_345_678.9)),
        None,
    ];
    let histogram = HistogramDataPoint {
        attributes: vec![text("a", "b")],
        start_time_unix_nano: START,
        time_unix_nano: END,
        count: 6,
        sum: Some(15.5),
        min: Some(0.5),
        max: Some(7e9),
        bucket_counts: vec![1, 2, 3],
        explicit_bounds: vec![0.25, 5e6],
        exemplars: vec![exemplar(ExemplarValue::AsDouble(2.0))],
        flags: 0,
    };
    let buckets = |offset| {
        Some(Buckets {
            offset,
            bucket_counts: vec![1, 0, 2],
        })
    };
    let exponential = ExponentialHistogramDataPoint {
        attributes: vec![text("a", "b")],
        count: 7,
        sum: Some(-2.5),
        scale: 1,
        zero_count: 1,
        positive: buckets(-2),
        negative: buckets(1),
        min: Some(-4.0),
        ..ExponentialHistogramDataPoint::default()
    };
    let coarse = ExponentialHistogramDataPoint {
        scale: -10,
        positive: buckets(5),
        ..ExponentialHistogramDataPoint::default()
    };
    let quantile = |quantile| ValueAtQuantile {
        quantile,
        value: quantile * 1e7,
    };
    let summary = SummaryDataPoint {
        attributes: vec![text("a", "b")],
        count: 9,
        sum: 15.0,
        quantile_values: vec![quantile(0.0), quantile(0.5), quantile(1.0)],
        ..SummaryDataPoint::default()
    };
    let metrics = vec![
        metric(
            "gauge",
            Some(Data::Gauge(Gauge {
                data_points: numbers.map(number).to_vec(),
            })),
        ),
        metric(
            "sum",
            Some(Data::Sum(Sum {
                data_points: vec![number(Some(NumberValue::AsInt(1)))],
                aggregation_temporality: 2,
                is_monotonic: true,
            })),
        ),
        metric(
            "histogram",
            Some(Data::Histogram(Histogram {
                data_points: vec![histogram, HistogramDataPoint::default()],
                aggregation_temporality: 1,
            })),
        ),
        metric(
            "exponential",
            Some(Data::ExponentialHistogram(ExponentialHistogram {
                data_points: vec![exponential, coarse],
                aggregation_temporality: 0,
            })),
        ),
        metric(
            "summary",
            Some(Data::Summary(Summary {
                data_points: vec![summary],
            })),
        ),
        metric("empty", None),
    ];
    let scope = ScopeMetrics {
        scope: Some(scope()),
        metrics,
        ..ScopeMetrics::default()
    };
    let entry = ResourceMetrics {
        resource: Some(resource()),
        scope_metrics: vec![scope],
        ..ResourceMetrics::default()
    };
    batch(
        Signal::Metrics,
        MetricsData {
            resource_metrics: vec![entry],
        }
        .encode_to_vec(),
    )
}
