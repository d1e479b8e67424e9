//! The paths of spans, events, metrics and data points.

use headwater_core::Context;
use headwater_core::pdata::view;
use headwater_ottl::{ContextKind, Env, Point, Record, Resource, Scope};
use headwater_testkit::otlp::{
    Data, Event, Exemplar, ExponentialHistogramDataPoint, HistogramDataPoint, Link, Metric,
    NumberDataPoint, NumberValue, Span, Status, Sum,
};
use prost::Message;

use crate::{attribute, attributes, parsed, text};

fn env<'a>(request: &'a Context, record: Record<'a>) -> Env<'a> {
    Env {
        request,
        resource: Resource::default(),
        scope: Scope::default(),
        record,
    }
}

#[track_caller]
fn hold(context: ContextKind, record: Record<'_>, conditions: &[&str]) {
    let request = Context::default();
    for condition in conditions {
        let said = parsed(condition, context).eval(&env(&request, record));
        assert_eq!(said, Ok(true), "{condition}");
    }
}

fn span() -> Vec<u8> {
    Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        parent_span_id: vec![0; 8],
        trace_state: "a=1, b=2".to_owned(),
        name: "GET".to_owned(),
        kind: 2,
        start_time_unix_nano: 1_000_000_000,
        end_time_unix_nano: 3_500_000_000,
        attributes: attributes(),
        dropped_attributes_count: 1,
        events: vec![
            Event::default(),
            Event {
                name: "exception".to_owned(),
                time_unix_nano: 5,
                attributes: vec![attribute("s", text("event"))],
                dropped_attributes_count: 4,
            },
        ],
        dropped_events_count: 2,
        links: vec![Link::default()],
        dropped_links_count: 3,
        status: Some(Status {
            code: 2,
            message: "no".to_owned(),
        }),
        flags: 256,
    }
    .encode_to_vec()
}

#[test]
fn every_path_of_a_span_is_read() {
    let span = span();
    hold(
        ContextKind::Span,
        Record::Span(view::Span::new(&span)),
        &[
            r#"trace_id.string == "01010101010101010101010101010101" and span_id.string == "0202020202020202""#,
            "trace_id == TraceID(0x01010101010101010101010101010101) and span_id != parent_span_id",
            r#"parent_span_id.string == "0000000000000000" and parent_span_id == SpanID(0x0000000000000000)"#,
            r#"trace_state == "a=1, b=2" and trace_state["b"] == "2" and trace_state["c"] == """#,
            r#"name == "GET" and span.name == "GET" and IsRootSpan()"#,
            r#"kind == SPAN_KIND_SERVER and kind.string == "Server" and kind.deprecated_string == "SPAN_KIND_SERVER""#,
            "start_time_unix_nano == 1000000000 and end_time_unix_nano == 3500000000",
            r#"end_time - start_time == Duration("2.5s") and Seconds(end_time - start_time) > 2"#,
            r#"attributes["i"] == 7 and dropped_attributes_count == 1"#,
            "Len(events) == 2 and dropped_events_count == 2 and IsList(links) and Len(links) == 1",
            r#"dropped_links_count == 3 and status.code == STATUS_CODE_ERROR and status.message == "no""#,
            "flags == 256",
        ],
    );
}

#[test]
fn every_path_of_an_event_is_read() {
    let span = span();
    let span = view::Span::new(&span);
    let event = span.events().nth(1).unwrap();
    hold(
        ContextKind::SpanEvent,
        Record::SpanEvent {
            span,
            event,
            index: 1,
        },
        &[
            r#"name == "exception" and spanevent.name == "exception" and span.name == "GET""#,
            "time_unix_nano == 5 and time == Unix(0, 5) and event_index == 1",
            r#"attributes["s"] == "event" and span.attributes["s"] == "blue""#,
            "dropped_attributes_count == 4 and span.dropped_attributes_count == 1",
        ],
    );
}

#[test]
fn every_path_of_a_metric_is_read() {
    let point = NumberDataPoint {
        attributes: vec![attribute("s", text("blue"))],
        ..Default::default()
    };
    let metric = Metric {
        name: "requests".to_owned(),
        description: "d".to_owned(),
        unit: "1".to_owned(),
        data: Some(Data::Sum(Sum {
            data_points: vec![point],
            aggregation_temporality: 2,
            is_monotonic: true,
        })),
        metadata: vec![attribute("k", text("v"))],
    }
    .encode_to_vec();
    hold(
        ContextKind::Metric,
        Record::Metric(view::Metric::new(&metric)),
        &[
            r#"name == "requests" and description == "d" and unit == "1""#,
            "type == METRIC_DATA_TYPE_SUM and is_monotonic == true",
            "aggregation_temporality == AGGREGATION_TEMPORALITY_CUMULATIVE and Len(data_points) == 1",
            r#"metadata["k"] == "v" and HasAttrKeyOnDatapoint("s") and not HasAttrKeyOnDatapoint("t")"#,
            r#"HasAttrOnDatapoint("s", "blue") and not HasAttrOnDatapoint("s", "red")"#,
        ],
    );
}

#[test]
fn every_path_of_a_data_point_is_read_and_what_it_has_not_is_nil() {
    let number = NumberDataPoint {
        start_time_unix_nano: 1,
        time_unix_nano: 2,
        value: Some(NumberValue::AsInt(7)),
        exemplars: vec![Exemplar::default()],
        flags: 1,
        attributes: attributes(),
    }
    .encode_to_vec();
    let metric = Metric {
        name: "m".to_owned(),
        ..Default::default()
    }
    .encode_to_vec();
    let metric = view::Metric::new(&metric);
    hold(
        ContextKind::DataPoint,
        Record::Point(metric, Point::of(7, &number)),
        &[
            r#"metric.name == "m" and attributes["s"] == "blue""#,
            "start_time_unix_nano == 1 and time_unix_nano == 2 and time - start_time == Duration(\"1ns\")",
            "value_int == 7 and value_double == 0.0 and flags == FLAG_NO_RECORDED_VALUE",
            "Len(exemplars) == 1 and count == nil and sum == nil and scale == nil",
        ],
    );
    let histogram = HistogramDataPoint {
        count: 3,
        sum: Some(1.5),
        bucket_counts: vec![1, 2],
        explicit_bounds: vec![0.5],
        ..Default::default()
    }
    .encode_to_vec();
    hold(
        ContextKind::DataPoint,
        Record::Point(metric, Point::of(9, &histogram)),
        &[
            "count == 3 and sum == 1.5 and bucket_counts == [1, 2] and explicit_bounds == [0.5]",
            "value_int == nil",
        ],
    );
    let exponential = ExponentialHistogramDataPoint {
        scale: -1,
        zero_count: 4,
        positive: Some(headwater_testkit::otlp::Buckets {
            offset: 5,
            bucket_counts: vec![6],
        }),
        ..Default::default()
    }
    .encode_to_vec();
    hold(
        ContextKind::DataPoint,
        Record::Point(metric, Point::of(10, &exponential)),
        &[
            "scale == -1 and zero_count == 4 and positive.offset == 5 and positive.bucket_counts == [6]",
            "Len(negative.bucket_counts) == 0",
        ],
    );
}
