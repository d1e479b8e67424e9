//! The processor as the graph builds it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use headwater_config::keys_table;
use headwater_config::testing::decode;
use headwater_core::bytes::Bytes;
use headwater_core::{Batch, BuiltProcessor, ComponentError, ErrorKind, Processor, Signal};
use headwater_processor_attributes::{Config, factory};
use headwater_testkit::otlp::{
    AnyValue, Data, Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge,
    Histogram, HistogramDataPoint, KeyValue, LogRecord, LogsData, Metric, MetricsData,
    NumberDataPoint, ResourceLogs, ResourceMetrics, ResourceSpans, ScopeLogs, ScopeMetrics,
    ScopeSpans, Span, Sum, Summary, SummaryDataPoint, TracesData, Value,
};
use headwater_testkit::{Recorder, environment};
use prost::Message;

fn build(signal: Signal, yaml: &str) -> Result<Arc<dyn Processor>, ComponentError> {
    let (config, _) = decode::<Config>(yaml).unwrap_or_else(|errors| panic!("{errors}"));
    let environment = environment();
    let pipeline = signal.to_string().parse().unwrap();
    let settings = environment.pipeline_settings(&"attributes".parse().unwrap(), &pipeline);
    match factory().build_processor(settings, &config, Arc::new(Recorder::new()))? {
        BuiltProcessor::Inline(processor) => Ok(processor),
        BuiltProcessor::Buffering(_) => panic!("attributes holds no data"),
    }
}

fn processed(signal: Signal, yaml: &str, request: Vec<u8>, items: usize) -> Bytes {
    let batch = Batch::new(signal, Bytes::from(request), items);
    let batch = build(signal, yaml)
        .unwrap()
        .process(batch)
        .unwrap()
        .unwrap();
    assert_eq!(batch.items(), items);
    batch.payload().to_contiguous()
}

fn attribute(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue {
        value: Some(Value::StringValue(value.to_owned())),
    });
    KeyValue {
        key: key.to_owned(),
        value,
        key_strindex: 0,
    }
}

const REDACT: &str = "actions: [{key: secret, value: x, action: update}]";

fn secret() -> Vec<KeyValue> {
    vec![attribute("secret", "s3cret")]
}

fn redacted() -> Vec<KeyValue> {
    vec![attribute("secret", "x")]
}

#[test]
fn attributes_of_log_records_are_changed_and_nothing_else() {
    let request = |attributes| {
        let record = LogRecord {
            body: Some(AnyValue {
                value: Some(Value::StringValue("secret".to_owned())),
            }),
            attributes,
            ..LogRecord::default()
        };
        let scope = ScopeLogs {
            log_records: vec![record],
            ..ScopeLogs::default()
        };
        let entry = ResourceLogs {
            scope_logs: vec![scope],
            ..ResourceLogs::default()
        };
        LogsData {
            resource_logs: vec![entry],
        }
    };
    let after = processed(Signal::Logs, REDACT, request(secret()).encode_to_vec(), 1);
    assert_eq!(LogsData::decode(after).unwrap(), request(redacted()));
}

#[test]
fn attributes_of_points_of_all_kinds_are_changed_and_nothing_else() {
    let request = |attributes: Vec<KeyValue>| {
        let number = || {
            let exemplar = Exemplar {
                filtered_attributes: secret(),
                ..Exemplar::default()
            };
            NumberDataPoint {
                attributes: attributes.clone(),
                exemplars: vec![exemplar],
                ..NumberDataPoint::default()
            }
        };
        let histogram = HistogramDataPoint {
            attributes: attributes.clone(),
            ..Default::default()
        };
        let exponential = ExponentialHistogramDataPoint {
            attributes: attributes.clone(),
            ..Default::default()
        };
        let summary = SummaryDataPoint {
            attributes: attributes.clone(),
            ..Default::default()
        };
        let kinds = [
            Data::Gauge(Gauge {
                data_points: vec![number()],
            }),
            Data::Sum(Sum {
                data_points: vec![number()],
                ..Sum::default()
            }),
            Data::Histogram(Histogram {
                data_points: vec![histogram],
                ..Histogram::default()
            }),
            Data::ExponentialHistogram(ExponentialHistogram {
                data_points: vec![exponential],
                ..ExponentialHistogram::default()
            }),
            Data::Summary(Summary {
                data_points: vec![summary],
            }),
        ];
        let metric = |data| Metric {
            name: "m".to_owned(),
            metadata: secret(),
            data: Some(data),
            ..Metric::default()
        };
        let metrics = kinds.map(metric).to_vec();
        let scope = ScopeMetrics {
            metrics,
            ..ScopeMetrics::default()
        };
        let entry = ResourceMetrics {
            scope_metrics: vec![scope],
            ..ResourceMetrics::default()
        };
        MetricsData {
            resource_metrics: vec![entry],
        }
    };
    let after = processed(
        Signal::Metrics,
        REDACT,
        request(secret()).encode_to_vec(),
        5,
    );
    assert_eq!(MetricsData::decode(after).unwrap(), request(redacted()));
}

#[test]
fn only_spans_that_are_included_and_not_excluded_are_changed() {
    let yaml = format!(
        "{REDACT}
include: {{match_type: regexp, span_names: ['^GET']}}
exclude: {{match_type: strict, attributes: [{{key: keep, value: this}}]}}"
    );
    let span = |name: &str, attributes| Span {
        name: name.to_owned(),
        attributes,
        ..Span::default()
    };
    let kept = || vec![attribute("keep", "this"), attribute("secret", "s3cret")];
    let request = |get| {
        let spans = vec![
            span("GET /a", get),
            span("POST /a", secret()),
            span("GET /b", kept()),
        ];
        let scope = ScopeSpans {
            spans,
            ..ScopeSpans::default()
        };
        let entry = ResourceSpans {
            scope_spans: vec![scope],
            ..ResourceSpans::default()
        };
        TracesData {
            resource_spans: vec![entry],
        }
    };
    let after = processed(Signal::Traces, &yaml, request(secret()).encode_to_vec(), 3);
    assert_eq!(TracesData::decode(after).unwrap(), request(redacted()));
}

#[test]
fn properties_of_another_signal_stop_the_start() {
    let yaml = format!("{REDACT}\ninclude: {{match_type: strict, services: [a]}}");
    assert!(build(Signal::Traces, &yaml).is_ok());
    let error = build(Signal::Logs, &yaml).err().unwrap();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.ends_with("are not valid for log records"), "{cause}");
}

#[test]
fn a_broken_span_is_refused_for_good() {
    let request = [10, 8, 18, 6, 18, 4, 74, 2, 10, 9].to_vec();
    let batch = Batch::new(Signal::Traces, Bytes::from(request), 1);
    let error = build(Signal::Traces, REDACT)
        .unwrap()
        .process(batch)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permanent);
    assert_eq!(
        error.chain(),
        "cannot change attributes: message is truncated"
    );
}

#[test]
fn a_configuration_without_actions_is_refused() {
    for yaml in [
        "{}",
        "{include: {match_type: strict, services: [a]}, actions: []}",
    ] {
        let errors = decode::<Config>(yaml).unwrap_err();
        assert!(
            errors.contains("missing required field \"actions\""),
            "{errors}"
        );
    }
}

#[test]
fn the_readme_lists_every_key() {
    let table = keys_table::<Config>();
    // `exclude` has the keys of `include`.
    for row in table.lines().filter(|row| !row.starts_with("| `exclude.")) {
        assert!(
            include_str!("../README.md").contains(row),
            "missing:\n{row}"
        );
    }
}
