//! The routing connector and the `groupbyattrs` and `metricstransform` processors, case by case.
//!
//! As in `actions`, all cases run in one process each: a connector is one of several exporters of the
//! pipelines that begin at the receiver, a processor has a pipeline of its own, and the exporters say
//! in a header which case and which pipeline it was. The Go collector must have the three components
//! ($OTELCOL_BIN).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use headwater_e2e::{Items, Signal, grpc, samples, yaml};

use super::{Pair, by_case_alike, known, varied};

/// Tables with the signal that they are about; `a`, `b` and `rest` are pipelines.
const TABLES: &[(&str, Signal, &str)] = &[
    (
        "resources",
        Signal::Traces,
        r#"
  - {condition: 'attributes["service.name"] == "checkout"', pipelines: [a]}
  - {condition: 'IsMatch(attributes["service.name"], "^c") and attributes["host.cores"] == 8', pipelines: [b]}"#,
    ),
    (
        "copies",
        Signal::Logs,
        r#"
  - {condition: 'attributes["service.name"] != nil', action: copy, pipelines: [a]}
  - {condition: 'attributes["service.name"] == "cart"', pipelines: [b]}"#,
    ),
    (
        "headers",
        Signal::Metrics,
        r#"
  - {context: request, condition: 'request["X-Tenant"] == "red"', pipelines: [a]}
  - {context: request, condition: 'request["x-tenant"] == "blue"', pipelines: [b]}"#,
    ),
    (
        "several values",
        Signal::Logs,
        r#"
  - {context: request, condition: 'request["X-Many"] == "two"', pipelines: [a]}"#,
    ),
    (
        "spans",
        Signal::Traces,
        r#"
  - {context: span, condition: 'kind == SPAN_KIND_SERVER or Len(attributes) > 3', pipelines: [a]}
  - {context: span, condition: 'HasPrefix(name, "G") and IsRootSpan()', action: copy, pipelines: [b]}
  - {context: span, condition: 'instrumentation_scope.name == "library"', pipelines: [b]}"#,
    ),
    (
        "logs",
        Signal::Logs,
        r#"
  - {context: log, condition: 'severity_number >= SEVERITY_NUMBER_WARN', pipelines: [a]}
  - {context: log, condition: 'IsString(body) and resource.attributes["host.name"] == nil', pipelines: [b]}"#,
    ),
    (
        "metrics",
        Signal::Metrics,
        r#"
  - {context: metric, condition: 'type == METRIC_DATA_TYPE_SUM', pipelines: [a]}
  - {context: datapoint, condition: 'metric.type == METRIC_DATA_TYPE_GAUGE or count > 1', pipelines: [b]}"#,
    ),
    (
        "statements",
        Signal::Traces,
        r#"
  - {statement: 'delete_key(attributes, "service.name") where attributes["service.name"] == "cart"', pipelines: [a]}
  - {statement: 'route() where true', pipelines: [b]}"#,
    ),
];

/// Processors with what they act on.
const PROCESSORS: &[(&str, &[Signal], &str)] = &[
    (
        "groupbyattrs",
        &[Signal::Traces, Signal::Metrics, Signal::Logs],
        "keys: [http.method, host.name, env]",
    ),
    (
        "groupbyattrs",
        &[Signal::Traces, Signal::Metrics, Signal::Logs],
        "keys: []",
    ),
    (
        "metricstransform",
        &[Signal::Metrics],
        "transforms: [{include: ^(.*)$, match_type: regexp, action: update, new_name: 'x.$${1}'}]",
    ),
    (
        "metricstransform",
        &[Signal::Metrics],
        "transforms: [{include: ., match_type: regexp, action: insert, new_name: y, operations: [{action: add_label, new_label: l, new_value: v}, {action: toggle_scalar_data_type}]}]",
    ),
    (
        "metricstransform",
        &[Signal::Metrics],
        "transforms: [{include: ., match_type: regexp, action: update, operations: [{action: experimental_scale_value, experimental_scale: 10}]}]",
    ),
    (
        "metricstransform",
        &[Signal::Metrics],
        "transforms: [{include: ., match_type: regexp, action: group, group_resource_labels: {g: h}}]",
    ),
];

fn exporter(exporters: &mut String, case: &str) {
    writeln!(
        exporters,
        "  otlp_http/{case}:\n    endpoint: http://${{env:SINK}}\n    compression: none\n    headers:\n      \
         case: \"{case}\"\n    sending_queue:\n      enabled: false"
    )
    .unwrap();
}

fn config() -> String {
    let mut connectors = String::from("connectors:\n");
    let mut processors = String::from("processors:\n");
    let mut exporters = String::from("exporters:\n");
    let mut pipelines = String::from("service:\n  pipelines:\n");
    let mut inputs: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (number, (_, signal, table)) in TABLES.iter().enumerate() {
        let signal = signal.name();
        let mut table = (*table).to_owned();
        for name in ["a", "b"] {
            table = table.replace(
                &format!("pipelines: [{name}]"),
                &format!("pipelines: [{signal}/r{number}{name}]"),
            );
        }
        let table = table.replace('\n', "\n    ");
        writeln!(
            connectors,
            "  routing/{number}:\n    default_pipelines: [{signal}/r{number}rest]\n    table:{table}"
        )
        .unwrap();
        inputs
            .entry(signal)
            .or_default()
            .push(format!("routing/{number}"));
        for name in ["a", "b", "rest"] {
            let case = format!("r{number}{name}");
            exporter(&mut exporters, &case);
            writeln!(
                pipelines,
                "    {signal}/{case}:\n      receivers: [routing/{number}]\n      exporters: [otlp_http/{case}]"
            )
            .unwrap();
        }
    }
    for (signal, connectors) in inputs {
        writeln!(
            pipelines,
            "    {signal}/in:\n      receivers: [otlp]\n      exporters: [{}]",
            connectors.join(", ")
        )
        .unwrap();
    }
    for (number, (kind, signals, body)) in PROCESSORS.iter().enumerate() {
        let case = format!("p{number}");
        writeln!(processors, "  {kind}/{number}:\n    {body}").unwrap();
        exporter(&mut exporters, &case);
        for signal in *signals {
            writeln!(
                pipelines,
                "    {}/{case}:\n      receivers: [otlp]\n      processors: [{kind}/{number}]\n      \
                 exporters: [otlp_http/{case}]",
                signal.name()
            )
            .unwrap();
        }
    }
    // Every pipeline of a routing connector must be an output even if nothing goes there.
    connectors + &processors + &exporters + &pipelines
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn routes_groups_and_transforms_are_the_same() {
    let with_metadata =
        "receivers:\n  otlp:\n    protocols:\n      grpc:\n        include_metadata: true\n";
    let pair = Pair::start(&[yaml::OTLP_IN, with_metadata, &config()]).await;
    for side in pair.sides() {
        let client = grpc::Client::connect(side.collector.grpc()).await.unwrap();
        for signal in Signal::ALL {
            for message in [varied::varied(signal), samples::rich(signal, "checkout")] {
                let body = grpc::frame(false, &message.to_protobuf());
                let headers = [("x-tenant", "blue"), ("x-many", "one"), ("x-many", "two")];
                let answer = client.call(signal.method(), &headers, body).await.unwrap();
                assert_eq!(answer.code, Some(0), "{}", answer.message);
            }
        }
    }
    let (ours, theirs) = pair.stop().await;
    let kept: BTreeMap<String, Items> = by_case_alike(&ours, |_| {});
    for (case, detail) in [
        ("p0", "https://example.com/resource"),
        ("p1", "https://example.com/resource"),
        ("p5", "https://example.com/resource"),
        ("r6b", "prometheus.type"),
    ] {
        assert!(
            kept[case].mentioning(detail) > 0,
            "{case} has lost {detail}"
        );
    }
    let alike = |side| by_case_alike(side, known::details_may_be_lost);
    let (ours, theirs): (BTreeMap<String, Items>, BTreeMap<String, Items>) =
        (alike(&ours), alike(&theirs));
    let mut different = Vec::new();
    for case in theirs.keys().chain(ours.keys()) {
        let none = Items::default();
        let (ours, theirs) = (
            ours.get(case).unwrap_or(&none),
            theirs.get(case).unwrap_or(&none),
        );
        if let Some(difference) = ours.difference(theirs) {
            different.push(format!("{case}: {difference}"));
        }
    }
    different.dedup();
    assert!(
        theirs.len() > TABLES.len() + PROCESSORS.len(),
        "{:?}",
        theirs.keys()
    );
    assert!(
        different.is_empty(),
        "{} cases differ:\n{}",
        different.len(),
        different.join("\n\n")
    );
}
