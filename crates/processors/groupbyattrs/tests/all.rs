//! The processor as the graph builds it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use headwater_config::keys_table;
use headwater_config::testing::decode;
use headwater_core::bytes::Bytes;
use headwater_core::graph::Environment;
use headwater_core::pdata::count_items;
use headwater_core::{Batch, BuiltProcessor, Processor, Signal};
use headwater_processor_groupbyattrs::{Config, factory};
use headwater_testkit::otlp::{
    AnyValue, Data, Gauge, Histogram, HistogramDataPoint, InstrumentationScope, KeyValue,
    LogRecord, LogsData, Metric, MetricsData, NumberDataPoint, NumberValue, Request, Resource,
    ResourceLogs, ResourceMetrics, ResourceSpans, ScopeLogs, ScopeMetrics, ScopeSpans, Span, Sum,
    TracesData, Value,
};
use headwater_testkit::{Generator, Recorder, Shape, environment, metric};

fn processor(signal: Signal, yaml: &str) -> (Arc<dyn Processor>, Environment) {
    let (config, _) = decode::<Config>(yaml).unwrap_or_else(|errors| panic!("{errors}"));
    let environment = environment();
    let id = "groupbyattrs".parse().unwrap();
    let pipeline = signal.to_string().parse().unwrap();
    let settings = environment.pipeline_settings(&id, &pipeline);
    match factory()
        .build_processor(settings, &config, Arc::new(Recorder::new()))
        .unwrap()
    {
        BuiltProcessor::Inline(processor) => (processor, environment),
        BuiltProcessor::Buffering(_) => panic!("groupbyattrs holds no data"),
    }
}

fn batch(request: &Request) -> Batch {
    let signal = match request {
        Request::Traces(_) => Signal::Traces,
        Request::Metrics(_) => Signal::Metrics,
        Request::Logs(_) => Signal::Logs,
    };
    let bytes = request.encode();
    let items = count_items(signal, &bytes).unwrap();
    Batch::new(signal, Bytes::from(bytes), items)
}

/// What becomes of a request.
fn grouped(yaml: &str, request: &Request) -> Request {
    let batch = batch(request);
    let (signal, items) = (batch.signal(), batch.items());
    let batch = processor(signal, yaml).0.process(batch).unwrap().unwrap();
    let bytes = batch.payload().to_contiguous();
    assert_eq!(batch.items(), items);
    assert_eq!(count_items(signal, &bytes).unwrap(), items);
    Request::decode(signal, &bytes).unwrap()
}

fn text(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(Value::StringValue(value.to_owned())),
        }),
        ..KeyValue::default()
    }
}

fn pairs(attributes: &[(&str, &str)]) -> Vec<KeyValue> {
    attributes
        .iter()
        .map(|(key, value)| text(key, value))
        .collect()
}

type Pairs<'a> = &'a [(&'a str, &'a str)];

/// Resources, each with one scope of that name and its spans.
fn traces(entries: &[(Pairs<'_>, &str, &[Pairs<'_>])]) -> Request {
    let entry = |(resource, scope, spans): &(Pairs<'_>, &str, &[Pairs<'_>])| ResourceSpans {
        resource: Some(Resource {
            attributes: pairs(resource),
            ..Resource::default()
        }),
        scope_spans: vec![ScopeSpans {
            scope: Some(InstrumentationScope {
                name: (*scope).to_owned(),
                ..InstrumentationScope::default()
            }),
            spans: spans
                .iter()
                .map(|attributes| Span {
                    name: "s".to_owned(),
                    attributes: pairs(attributes),
                    ..Span::default()
                })
                .collect(),
            ..ScopeSpans::default()
        }],
        ..ResourceSpans::default()
    };
    Request::Traces(TracesData {
        resource_spans: entries.iter().map(entry).collect(),
    })
}

#[test]
fn attributes_move_from_records_to_their_resource() {
    let sent = traces(&[(
        &[("service.name", "a"), ("host", "own")],
        "lib",
        &[
            &[("host", "h1"), ("x", "1")],
            &[("x", "2")],
            &[("host", "h2"), ("zone", "z")],
            &[("x", "3"), ("host", "h1")],
        ],
    )]);
    assert_eq!(
        grouped("keys: [host, zone]", &sent),
        traces(&[
            // The moved value replaces the resource's own, in its place.
            (
                &[("service.name", "a"), ("host", "h1")],
                "lib",
                &[&[("x", "1")], &[("x", "3")]]
            ),
            (
                &[("service.name", "a"), ("host", "own")],
                "lib",
                &[&[("x", "2")]]
            ),
            (
                &[("service.name", "a"), ("host", "h2"), ("zone", "z")],
                "lib",
                &[&[]]
            ),
        ])
    );
}

#[test]
fn records_of_different_resources_meet_where_the_results_are_equal() {
    let sent = traces(&[
        (&[("a", "1"), ("b", "2")], "lib", &[&[("host", "h")], &[]]),
        (
            &[("b", "2"), ("a", "1")],
            "lib",
            &[&[("host", "h")], &[("x", "y")]],
        ),
        (&[("a", "1")], "lib", &[&[("host", "h")]]),
    ]);
    assert_eq!(
        grouped("keys: [host]", &sent),
        traces(&[
            (&[("a", "1"), ("b", "2"), ("host", "h")], "lib", &[&[], &[]]),
            (&[("a", "1"), ("b", "2")], "lib", &[&[], &[("x", "y")]]),
            (&[("a", "1"), ("host", "h")], "lib", &[&[]]),
        ])
    );
}

#[test]
fn without_keys_equal_resources_and_scopes_are_joined() {
    let sent = traces(&[
        (&[("a", "1")], "lib", &[&[("n", "1")]]),
        (&[("a", "1")], "other", &[&[("n", "2")]]),
        (&[("a", "2")], "lib", &[&[("n", "3")]]),
        (&[("a", "1")], "lib", &[&[("n", "4")]]),
    ]);
    let Request::Traces(data) = grouped("", &sent) else {
        panic!()
    };
    assert_eq!(data.resource_spans.len(), 2);
    let scopes: Vec<_> = data.resource_spans[0]
        .scope_spans
        .iter()
        .map(|scope| {
            (
                scope.scope.as_ref().unwrap().name.as_str(),
                scope.spans.len(),
            )
        })
        .collect();
    assert_eq!(scopes, [("lib", 2), ("other", 1)]);
}

#[test]
fn schemas_and_attributes_of_scopes_keep_apart_what_they_belong_to() {
    let scope = |attributes| ScopeLogs {
        scope: Some(InstrumentationScope {
            name: "lib".to_owned(),
            attributes,
            ..InstrumentationScope::default()
        }),
        log_records: vec![LogRecord::default()],
        schema_url: "scope".to_owned(),
    };
    let entry = |schema: &str| ResourceLogs {
        resource: Some(Resource::default()),
        scope_logs: vec![scope(vec![]), scope(vec![text("k", "v")]), scope(vec![])],
        schema_url: schema.to_owned(),
        ..ResourceLogs::default()
    };
    let sent = Request::Logs(LogsData {
        resource_logs: vec![entry("1"), entry("2"), entry("1")],
    });
    let Request::Logs(data) = grouped("", &sent) else {
        panic!()
    };
    assert_eq!(data.resource_logs.len(), 2);
    assert_eq!(data.resource_logs[0].schema_url, "1");
    let records: Vec<_> = data.resource_logs[0]
        .scope_logs
        .iter()
        .map(|scope| scope.log_records.len())
        .collect();
    assert_eq!(records, [4, 2]);
    assert_eq!(data.resource_logs[0].scope_logs[1].schema_url, "scope");
}

#[test]
fn data_points_of_every_kind_move_with_their_metric() {
    let number = |host: &str, value| NumberDataPoint {
        attributes: vec![text("host", host), text("x", "y")],
        value: Some(NumberValue::AsInt(value)),
        ..NumberDataPoint::default()
    };
    let bare = |value| NumberDataPoint {
        attributes: vec![text("x", "y")],
        value: Some(NumberValue::AsInt(value)),
        ..NumberDataPoint::default()
    };
    let named = |name: &str, data| Metric {
        name: name.to_owned(),
        unit: "u".to_owned(),
        data: Some(data),
        ..Metric::default()
    };
    let gauge = |points| {
        named(
            "g",
            Data::Gauge(Gauge {
                data_points: points,
            }),
        )
    };
    let sum = |points| {
        named(
            "s",
            Data::Sum(Sum {
                data_points: points,
                aggregation_temporality: 2,
                is_monotonic: true,
            }),
        )
    };
    let histogram = |attributes| {
        named(
            "h",
            Data::Histogram(Histogram {
                data_points: vec![HistogramDataPoint {
                    attributes,
                    count: 1,
                    ..HistogramDataPoint::default()
                }],
                aggregation_temporality: 1,
            }),
        )
    };
    let request = |entries: Vec<(Vec<KeyValue>, Vec<Metric>)>| {
        let entry = |(attributes, metrics)| ResourceMetrics {
            resource: Some(Resource {
                attributes,
                ..Resource::default()
            }),
            scope_metrics: vec![ScopeMetrics {
                metrics,
                ..ScopeMetrics::default()
            }],
            ..ResourceMetrics::default()
        };
        Request::Metrics(MetricsData {
            resource_metrics: entries.into_iter().map(entry).collect(),
        })
    };
    let sent = request(vec![(
        vec![],
        vec![
            gauge(vec![number("a", 1), number("b", 2)]),
            sum(vec![number("a", 3)]),
            histogram(vec![text("host", "b")]),
            gauge(vec![number("a", 4)]),
        ],
    )]);
    let expected = request(vec![
        (
            vec![text("host", "a")],
            vec![gauge(vec![bare(1), bare(4)]), sum(vec![bare(3)])],
        ),
        (
            vec![text("host", "b")],
            vec![gauge(vec![bare(2)]), histogram(vec![])],
        ),
    ]);
    assert_eq!(grouped("keys: [host]", &sent), expected);
}

#[test]
fn what_does_not_change_is_not_copied() {
    for signal in Signal::ALL {
        let bytes = Generator::new(3).request(
            signal,
            Shape {
                resources: 1,
                scopes: 1,
                items: 20,
            },
        );
        let items = count_items(signal, &bytes).unwrap();
        let batch = Batch::new(signal, Bytes::from(bytes), items);
        let before = batch.payload().segments().next().unwrap().as_ptr();
        let after = processor(signal, "keys: [nowhere]")
            .0
            .process(batch)
            .unwrap()
            .unwrap();
        assert_eq!(
            after.payload().segments().next().unwrap().as_ptr(),
            before,
            "{signal}"
        );
    }
}

#[test]
fn it_counts_what_it_does_under_upstreams_names() {
    let (processor, environment) = processor(Signal::Traces, "keys: [host]");
    let sent = traces(&[(&[], "lib", &[&[("host", "a")], &[("host", "b")], &[]])]);
    processor.process(batch(&sent)).unwrap();
    let count = |name: &str| {
        metric(
            &environment,
            &format!("otelcol_processor_groupbyattrs_{name}"),
        )
    };
    assert_eq!(
        (count("num_grouped_spans"), count("num_non_grouped_spans")),
        (2.0, 1.0)
    );
    assert_eq!(count("span_groups"), 3.0);
}

#[test]
fn broken_bytes_are_refused_and_nothing_stays_of_resources_without_records() {
    let (processor, _) = processor(Signal::Traces, "keys: [host]");
    let broken = Bytes::from_static(&[0x0a, 4, 0x12, 9, 1, 1]);
    assert!(
        processor
            .process(Batch::new(Signal::Traces, broken, 1))
            .unwrap_err()
            .is_permanent()
    );
    let empty = batch(&traces(&[(&[("a", "b")], "lib", &[])]));
    assert!(processor.process(empty).unwrap().is_none());
}

#[test]
fn keys_without_effect_are_warned_about() {
    let (_, warnings) = decode::<Config>("keys: [a, '', a]").unwrap();
    assert!(
        warnings.contains("an empty key has no effect"),
        "{warnings}"
    );
    assert!(warnings.contains("\"a\" is already present"), "{warnings}");
    assert!(
        decode::<Config>("key: [a]")
            .unwrap_err()
            .contains("did you mean `keys`?")
    );
}

#[test]
fn the_readme_lists_every_key() {
    let table = keys_table::<Config>();
    let readme = include_str!("../README.md");
    assert!(readme.contains(&table), "put this into README.md:\n{table}");
}
