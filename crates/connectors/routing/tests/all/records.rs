//! Rows about spans, log records, metrics and data points.

use headwater_core::Batch;
use headwater_core::Signal;
use headwater_core::bytes::Bytes;
use headwater_core::pdata::count_items;
use headwater_testkit::otlp::{
    Data, Gauge, InstrumentationScope, LogRecord, LogsData, Metric, MetricsData, NumberDataPoint,
    NumberValue, Request, Resource, ResourceLogs, ResourceMetrics, ScopeLogs, ScopeMetrics, Sum,
};
use headwater_testkit::{Generator, Shape};

use crate::{Routed, attribute};

/// Resources of scopes of records, which are named by their severity text.
fn logs(resources: &[&[&[&str]]]) -> Request {
    let record = |text: &&str| LogRecord {
        severity_text: (*text).to_owned(),
        attributes: vec![attribute("name", text)],
        ..LogRecord::default()
    };
    let scope = |(index, texts): (usize, &&[&str])| ScopeLogs {
        scope: Some(InstrumentationScope {
            name: format!("scope {index}"),
            ..InstrumentationScope::default()
        }),
        log_records: texts.iter().map(record).collect(),
        schema_url: "scope schema".to_owned(),
    };
    let resource = |(index, scopes): (usize, &&[&[&str]])| ResourceLogs {
        resource: Some(Resource {
            attributes: vec![attribute("index", &index.to_string())],
            ..Resource::default()
        }),
        scope_logs: scopes.iter().enumerate().map(scope).collect(),
        schema_url: "resource schema".to_owned(),
        ..ResourceLogs::default()
    };
    Request::Logs(LogsData {
        resource_logs: resources.iter().enumerate().map(resource).collect(),
    })
}

/// Takes out scopes and resources without records, which were only written to number the others.
fn compact(mut request: Request) -> Request {
    if let Request::Logs(data) = &mut request {
        for resource in &mut data.resource_logs {
            resource
                .scope_logs
                .retain(|scope| !scope.log_records.is_empty());
        }
        data.resource_logs
            .retain(|resource| !resource.scope_logs.is_empty());
    }
    request
}

#[tokio::test]
async fn records_go_with_their_resource_and_scope() {
    let yaml = r#"
default_pipelines: [logs/rest]
table:
  - {context: log, condition: 'attributes["name"] == "a"', pipelines: [logs/a]}
  - {context: log, condition: 'severity_text == "b" and resource.attributes["index"] == "1"', pipelines: [logs/b]}
  - {context: log, condition: 'scope.name == "scope 1"', action: copy, pipelines: [logs/copy]}
"#;
    let routed = Routed::new(Signal::Logs, yaml, &["a", "b", "copy", "rest"]);
    let sent = logs(&[
        &[&["a", "b"], &["c"]],
        &[&["b"], &["b", "a", "c"]],
        &[&["a"]],
    ]);
    routed.send(&sent).await.unwrap();
    let expect = |name: &str, resources: &[&[&[&str]]]| {
        assert_eq!(routed.arrived(name), compact(logs(resources)), "{name}");
    };
    expect("a", &[&[&["a"]], &[&[], &["a"]], &[&["a"]]]);
    expect("b", &[&[], &[&["b"], &["b"]]]);
    expect("copy", &[&[&[], &["c"]], &[&[], &["c"]]]);
    expect("rest", &[&[&["b"], &["c"]], &[&[], &["c"]]]);
    let balance = routed.account.balance();
    assert_eq!(
        (balance.received, balance.created, balance.imbalance()),
        (8, 2, 0)
    );
}

#[tokio::test]
async fn a_resource_whose_records_all_match_is_not_taken_apart() {
    let yaml = r#"
default_pipelines: [logs/rest]
table: [{context: log, condition: 'attributes["name"] != nil', pipelines: [logs/a]}]
"#;
    let routed = Routed::new(Signal::Logs, yaml, &["a", "rest"]);
    let batch = crate::batch(&logs(&[&[&["a"], &["b"]], &[&["c"]]]));
    let sent = batch.payload().segments().next().unwrap().as_ptr();
    routed.connector.consume(batch).await.unwrap();
    let arrived = routed.pipelines["a"].batches().pop().unwrap();
    assert_eq!(arrived.payload().segments().next().unwrap().as_ptr(), sent);
    assert_eq!(routed.pipelines["rest"].calls(), 0);
}

#[tokio::test]
async fn a_resource_row_takes_what_record_rows_have_left() {
    let yaml = r#"
table:
  - {context: log, condition: 'severity_text == "a"', pipelines: [logs/a]}
  - {context: resource, condition: 'attributes["index"] == "0"', pipelines: [logs/b]}
"#;
    let routed = Routed::new(Signal::Logs, yaml, &["a", "b"]);
    routed
        .send(&logs(&[&[&["a", "b", "c"]], &[&["d", "a"]]]))
        .await
        .unwrap();
    assert_eq!(routed.arrived("a"), logs(&[&[&["a"]], &[&["a"]]]));
    assert_eq!(routed.arrived("b"), logs(&[&[&["b", "c"]]]));
    let balance = routed.account.balance();
    assert_eq!(
        (balance.received, balance.sent, balance.filtered),
        (5, 4, 1)
    );
    assert_eq!(balance.imbalance(), 0);
}

fn point(name: &str, value: i64) -> NumberDataPoint {
    NumberDataPoint {
        attributes: vec![attribute("name", name)],
        value: Some(NumberValue::AsInt(value)),
        ..NumberDataPoint::default()
    }
}

fn metrics(metrics: Vec<Metric>) -> Request {
    Request::Metrics(MetricsData {
        resource_metrics: vec![ResourceMetrics {
            scope_metrics: vec![ScopeMetrics {
                metrics,
                ..ScopeMetrics::default()
            }],
            ..ResourceMetrics::default()
        }],
    })
}

fn sum(name: &str, data_points: Vec<NumberDataPoint>) -> Metric {
    Metric {
        name: name.to_owned(),
        unit: "1".to_owned(),
        data: Some(Data::Sum(Sum {
            data_points,
            aggregation_temporality: 2,
            is_monotonic: true,
        })),
        ..Metric::default()
    }
}

fn empty(name: &str) -> Metric {
    Metric {
        name: name.to_owned(),
        data: Some(Data::Gauge(Gauge::default())),
        ..Metric::default()
    }
}

#[tokio::test]
async fn metrics_and_data_points_are_routed_with_what_is_around_them() {
    let yaml = r#"
default_pipelines: [metrics/rest]
table:
  - {context: metric, condition: 'name == "one"', pipelines: [metrics/one]}
  - {context: datapoint, condition: 'attributes["name"] == "a" and metric.name != "x"', pipelines: [metrics/a]}
  - {context: datapoint, condition: 'value_int > 5', action: copy, pipelines: [metrics/big]}
"#;
    let routed = Routed::new(Signal::Metrics, yaml, &["one", "a", "big", "rest"]);
    let sent = metrics(vec![
        sum("one", vec![point("a", 1), point("b", 9)]),
        sum("two", vec![point("a", 1), point("b", 2), point("c", 7)]),
        sum("x", vec![point("a", 8)]),
        empty("empty"),
    ]);
    routed.send(&sent).await.unwrap();
    assert_eq!(
        routed.arrived("one"),
        metrics(vec![sum("one", vec![point("a", 1), point("b", 9)])])
    );
    assert_eq!(
        routed.arrived("a"),
        metrics(vec![sum("two", vec![point("a", 1)])])
    );
    assert_eq!(
        routed.arrived("big"),
        metrics(vec![
            sum("two", vec![point("c", 7)]),
            sum("x", vec![point("a", 8)])
        ])
    );
    assert_eq!(
        routed.arrived("rest"),
        metrics(vec![
            sum("two", vec![point("b", 2), point("c", 7)]),
            sum("x", vec![point("a", 8)]),
            empty("empty"),
        ])
    );
}

#[tokio::test]
async fn nothing_is_lost_and_nothing_comes_twice_whatever_the_rows() {
    for (signal, contexts) in [
        (Signal::Traces, &["span", "resource"][..]),
        (Signal::Logs, &["log", "resource"]),
        (Signal::Metrics, &["metric", "datapoint", "resource"]),
    ] {
        for seed in 0..6 {
            let bytes = Generator::new(seed).request(
                signal,
                Shape {
                    resources: 3,
                    scopes: 2,
                    items: 40,
                },
            );
            let items = count_items(signal, &bytes).unwrap();
            for (number, context) in contexts.iter().enumerate() {
                let condition = match *context {
                    "resource" => r#"FNV(String(attributes)) > 0"#,
                    "metric" => "FNV(name) > 0",
                    "datapoint" => r#"FNV(Concat([attributes, time_unix_nano], "")) > 0"#,
                    _ => r#"FNV(Concat([attributes, span_id], "")) > 0"#,
                };
                let inner = contexts[(number + 1) % contexts.len()];
                let yaml = format!(
                    "default_pipelines: [{signal}/rest]\ntable:\n  - {{context: {context}, condition: \
                     '{condition}', pipelines: [{signal}/a]}}\n  - \
                     {{context: {inner}, condition: 'otelcol.client.addr == nil', pipelines: \
                     [{signal}/b]}}\n"
                );
                let routed = Routed::new(signal, &yaml, &["a", "b", "rest"]);
                let batch = Batch::new(signal, Bytes::from(bytes.clone()), items);
                routed.connector.consume(batch).await.unwrap();
                let arrived: usize = ["a", "b", "rest"]
                    .iter()
                    .map(|name| routed.items(name))
                    .sum();
                assert_eq!(arrived, items, "{signal} {context}");
                assert_eq!(routed.account.balance().imbalance(), 0);
            }
        }
    }
}
