//! What is counted.

use headwater_core::Signal;
use headwater_testkit::otlp::{
    Data, Event, Gauge, LogRecord, LogsData, Metric, MetricsData, NumberDataPoint, NumberValue,
    Request, Resource, ResourceLogs, ResourceMetrics, ResourceSpans, ScopeLogs, ScopeMetrics,
    ScopeSpans, Span, TracesData, Value,
};

use crate::{Counted, attribute, batch, text};

/// `name{attributes}@start..end = count` of every point, by resource.
fn shown(data: &MetricsData) -> Vec<Vec<String>> {
    let attribute = |attribute: &headwater_testkit::otlp::KeyValue| {
        let value = attribute
            .value
            .as_ref()
            .and_then(|value| value.value.as_ref());
        match value {
            Some(Value::StringValue(text)) => format!("{}={text}", attribute.key),
            Some(Value::IntValue(int)) => format!("{}={int}", attribute.key),
            Some(Value::DoubleValue(double)) => format!("{}={double:?}", attribute.key),
            other => format!("{}={other:?}", attribute.key),
        }
    };
    let metric = |metric: &Metric| {
        let Some(Data::Sum(sum)) = &metric.data else {
            panic!("{metric:?}")
        };
        assert!(sum.is_monotonic && sum.aggregation_temporality == 1);
        let point = |point: &NumberDataPoint| {
            let Some(NumberValue::AsInt(count)) = point.value else {
                panic!("{point:?}")
            };
            let attributes: Vec<_> = point.attributes.iter().map(attribute).collect();
            format!(
                "{}{{{}}}@{}..{} = {count}",
                metric.name,
                attributes.join(","),
                point.start_time_unix_nano,
                point.time_unix_nano
            )
        };
        sum.data_points.iter().map(point).collect::<Vec<_>>()
    };
    data.resource_metrics
        .iter()
        .map(|resource| {
            assert_eq!(resource.scope_metrics.len(), 1);
            assert!(
                resource.scope_metrics[0]
                    .scope
                    .as_ref()
                    .unwrap()
                    .name
                    .ends_with("countconnector")
            );
            resource.scope_metrics[0]
                .metrics
                .iter()
                .flat_map(metric)
                .collect()
        })
        .collect()
}

fn logs(resources: Vec<Vec<LogRecord>>) -> Request {
    let entry = |(index, log_records): (usize, Vec<LogRecord>)| ResourceLogs {
        resource: Some(Resource {
            attributes: vec![text("resource", &index.to_string())],
            ..Resource::default()
        }),
        scope_logs: vec![ScopeLogs {
            log_records,
            ..ScopeLogs::default()
        }],
        ..ResourceLogs::default()
    };
    Request::Logs(LogsData {
        resource_logs: resources.into_iter().enumerate().map(entry).collect(),
    })
}

fn log(time: u64, severity: i32, attributes: Vec<headwater_testkit::otlp::KeyValue>) -> LogRecord {
    LogRecord {
        time_unix_nano: time,
        severity_number: severity,
        attributes,
        ..LogRecord::default()
    }
}

#[tokio::test]
async fn without_a_configuration_everything_is_counted_by_resource() {
    let counted = Counted::new(Signal::Logs, "");
    let request = logs(vec![
        vec![log(5, 1, vec![]), log(3, 1, vec![]), log(0, 1, vec![])],
        vec![],
        vec![log(9, 1, vec![])],
    ]);
    let data = counted.counts(&request).await;
    assert_eq!(
        shown(&data),
        [
            ["log.record.count{}@3..5 = 3"],
            ["log.record.count{}@9..9 = 1"]
        ]
    );
    let attributes = |index: usize| {
        data.resource_metrics[index]
            .resource
            .as_ref()
            .unwrap()
            .attributes
            .clone()
    };
    assert_eq!(
        (attributes(0), attributes(1)),
        (vec![text("resource", "0")], vec![text("resource", "2")])
    );
    let balance = counted.account.balance();
    assert_eq!(
        (
            balance.received,
            balance.filtered,
            balance.created,
            balance.sent
        ),
        (4, 4, 2, 2)
    );
}

#[tokio::test]
async fn spans_and_events_metrics_and_points_are_counted_side_by_side() {
    let event = |time| Event {
        time_unix_nano: time,
        name: "e".to_owned(),
        ..Event::default()
    };
    let span = |events| Span {
        start_time_unix_nano: 10,
        end_time_unix_nano: 20,
        events,
        ..Span::default()
    };
    let traces = Request::Traces(TracesData {
        resource_spans: vec![ResourceSpans {
            scope_spans: vec![ScopeSpans {
                spans: vec![span(vec![event(11), event(12)]), span(vec![])],
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    });
    let data = Counted::new(Signal::Traces, "").counts(&traces).await;
    assert_eq!(
        shown(&data),
        [[
            "trace.span.count{}@10..20 = 2",
            "trace.span.event.count{}@11..12 = 2"
        ]]
    );
    let point = |time| NumberDataPoint {
        time_unix_nano: time,
        ..NumberDataPoint::default()
    };
    let metric = |data_points| Metric {
        data: Some(Data::Gauge(Gauge { data_points })),
        ..Metric::default()
    };
    let metrics = Request::Metrics(MetricsData {
        resource_metrics: vec![ResourceMetrics {
            scope_metrics: vec![ScopeMetrics {
                metrics: vec![
                    metric(vec![point(1), point(2), point(3)]),
                    metric(vec![point(4)]),
                ],
                ..ScopeMetrics::default()
            }],
            ..ResourceMetrics::default()
        }],
    });
    let counted = Counted::new(
        Signal::Metrics,
        "metrics: {m: {conditions: ['HasAttrKeyOnDatapoint(\"x\")']}}",
    );
    let data = counted.counts(&metrics).await;
    assert_eq!(shown(&data), [["metric.datapoint.count{}@1..4 = 4"]]);
}

#[tokio::test]
async fn conditions_are_alternatives_and_attributes_split_the_counts() {
    let yaml = r#"
logs:
  errors:
    description: Errors.
    conditions: ['severity_number >= SEVERITY_NUMBER_ERROR', 'attributes["env"] == "prod"']
    attributes: [{key: env}, {key: resource}]
  by_code:
    attributes: [{key: code, default_value: 7}, {key: env, default_value: none}]
"#;
    let counted = Counted::new(Signal::Logs, yaml);
    let code = |value| attribute("code", value);
    let request = logs(vec![vec![
        log(1, 17, vec![text("env", "test"), code(Value::IntValue(1))]),
        log(
            1,
            9,
            vec![text("env", "prod"), code(Value::DoubleValue(1.0))],
        ),
        log(
            1,
            9,
            vec![text("env", "test"), code(Value::BoolValue(true))],
        ),
        log(1, 17, vec![]),
        log(1, 18, vec![text("env", "test"), code(Value::IntValue(1))]),
    ]]);
    let data = counted.counts(&request).await;
    assert_eq!(
        shown(&data),
        [[
            "errors{env=test,resource=0}@1..1 = 2",
            "errors{env=prod,resource=0}@1..1 = 1",
            "by_code{code=1,env=test}@1..1 = 2",
            "by_code{code=1.0,env=prod}@1..1 = 1",
            "by_code{code=true,env=test}@1..1 = 1",
            "by_code{code=7,env=none}@1..1 = 1",
        ]]
    );
    assert_eq!(
        data.resource_metrics[0].scope_metrics[0].metrics[0].description,
        "Errors."
    );
}

#[tokio::test]
async fn what_has_no_time_is_counted_now() {
    let data = Counted::new(Signal::Logs, "")
        .counts(&logs(vec![vec![log(0, 1, vec![])]]))
        .await;
    let Some(Data::Sum(sum)) = &data.resource_metrics[0].scope_metrics[0].metrics[0].data else {
        panic!()
    };
    let point = &sum.data_points[0];
    assert!(point.time_unix_nano > 1_700_000_000_000_000_000);
    assert_eq!(point.start_time_unix_nano, point.time_unix_nano);
}

#[tokio::test]
async fn nothing_counted_sends_nothing_and_an_error_of_a_condition_refuses() {
    let counted = Counted::new(
        Signal::Logs,
        r#"logs: {m: {conditions: ['Substring(severity_text, 0, 1) == "a"']}}"#,
    );
    let error = counted
        .connector
        .consume(batch(&logs(vec![vec![log(1, 1, vec![])]])))
        .await
        .unwrap_err();
    assert!(error.is_permanent());
    assert_eq!(counted.account.balance().received, 0);
    let counted = Counted::new(Signal::Logs, "logs: {}");
    assert_eq!(
        counted.counts(&logs(vec![vec![log(1, 1, vec![])]])).await,
        MetricsData::default()
    );
    assert_eq!(counted.next.calls(), 0);
}

#[tokio::test]
async fn a_refusal_books_nothing() {
    let counted = Counted::new(Signal::Logs, "");
    let refusal = headwater_core::ConsumeError::retryable("down", None);
    counted
        .next
        .answer(headwater_testkit::Answer::Fail(refusal));
    let request = logs(vec![vec![log(1, 1, vec![])]]);
    let error = counted
        .connector
        .consume(batch(&request))
        .await
        .unwrap_err();
    assert!(!error.is_permanent());
    let balance = counted.account.balance();
    assert_eq!(
        (balance.received, balance.created, balance.imbalance()),
        (0, 0, 0)
    );
}
