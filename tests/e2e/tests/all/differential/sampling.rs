//! The probabilistic_sampler processor: the same spans and records are kept, and carry the same.

use headwater_e2e::samples::{attribute, text};
use headwater_e2e::{Message, Signal, grpc, yaml};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};

use super::{Pair, assert_same, by_case_alike, known, one_pipeline_per_case};

const CASES: [&str; 22] = [
    "{sampling_percentage: 15.3, hash_seed: 22}",
    "{sampling_percentage: 50}",
    "{sampling_percentage: 0.3, fail_closed: false}",
    "{sampling_percentage: 100}",
    "{sampling_percentage: 250, hash_seed: 4294967295}",
    "{sampling_percentage: 0}",
    "{sampling_percentage: 0, fail_closed: false}",
    "{sampling_percentage: 33.333, fail_closed: false}",
    "{sampling_percentage: 50, mode: equalizing}",
    "{sampling_percentage: 33.333, mode: equalizing, sampling_precision: 14}",
    "{sampling_percentage: 1, mode: equalizing, fail_closed: false}",
    "{sampling_percentage: 99, mode: equalizing, sampling_precision: 1}",
    "{sampling_percentage: 100, mode: equalizing}",
    "{sampling_percentage: 50, mode: proportional}",
    "{sampling_percentage: 33.333, mode: proportional, sampling_precision: 6}",
    "{sampling_percentage: 1, mode: proportional, fail_closed: false}",
    "{sampling_percentage: 100, mode: proportional}",
    "{sampling_percentage: 50, from_attribute: id}",
    "{sampling_percentage: 50, from_attribute: id, attribute_source: record}",
    "{sampling_percentage: 5, sampling_priority: p}",
    "{sampling_percentage: 5, sampling_priority: p, mode: equalizing}",
    "{sampling_percentage: 5, sampling_priority: p, mode: proportional, fail_closed: false}",
];

const STATES: [&str; 16] = [
    "",
    "a=1",
    "ot=th:c",
    "ot=th:8;rv:90000000000000",
    "ot=rv:fffffffffffff0;x:y,a=1",
    "a=1 , ot=th:4,b@c=2 3,",
    "ot=th:0",
    "ot=th:zz",
    "ot=rv:1",
    "ot=x",
    "broken",
    "A=1",
    "ot=th:ffffffffffffff",
    "ot=th:fff",
    "a=1,ot=th:c,ot=th:8",
    ",,",
];

/// Ids that differ in all bytes, some of them none or zero.
fn ids(count: u64) -> impl Iterator<Item = Vec<u8>> {
    (0..count).map(|n| match n % 31 {
        7 => Vec::new(),
        9 => vec![0; 16],
        _ => {
            let a = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            [
                a.to_be_bytes(),
                a.rotate_left(29).wrapping_mul(n | 1).to_be_bytes(),
            ]
            .concat()
        }
    })
}

fn priorities() -> Vec<Option<Value>> {
    vec![
        None,
        None,
        Some(Value::IntValue(0)),
        Some(Value::IntValue(1)),
        Some(Value::DoubleValue(0.0)),
        Some(Value::DoubleValue(50.0)),
        Some(Value::StringValue("0".into())),
        Some(Value::StringValue("1.5".into())),
        Some(Value::StringValue("x".into())),
        Some(Value::IntValue(-1)),
        Some(Value::IntValue(100)),
        Some(Value::BoolValue(true)),
    ]
}

fn spans() -> Message {
    let priorities = priorities();
    let spans = ids(3000).enumerate().map(|(n, trace_id)| {
        let mut attributes = vec![attribute("n", Value::IntValue(n as i64))];
        if let Some(priority) = &priorities[n % 37 % priorities.len()] {
            attributes.push(attribute("sampling.priority", priority.clone()));
        }
        Span {
            trace_id,
            trace_state: STATES[n % STATES.len()].into(),
            attributes,
            ..Span::default()
        }
    });
    Message::Traces(ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans: vec![ScopeSpans {
                spans: spans.collect(),
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    })
}

fn records() -> Message {
    let priorities = priorities();
    let sampled: [&[(&str, &str)]; 8] = [
        &[],
        &[],
        &[("sampling.threshold", "c")],
        &[("sampling.randomness", "90000000000000")],
        &[
            ("sampling.randomness", "f0000000000000"),
            ("sampling.threshold", "8"),
        ],
        &[("sampling.threshold", "zz")],
        &[("sampling.randomness", "1")],
        &[("sampling.threshold", "")],
    ];
    let records = ids(3000).enumerate().map(|(n, trace_id)| {
        let mut attributes: Vec<KeyValue> = vec![attribute("n", Value::IntValue(n as i64))];
        let id = match n % 5 {
            0 => Some(Value::StringValue(format!("id-{n}"))),
            1 => Some(Value::IntValue(n as i64 * 7919)),
            2 => Some(Value::BytesValue(n.to_be_bytes().to_vec())),
            3 => Some(Value::DoubleValue(n as f64 / 3.0)),
            _ => None,
        };
        attributes.extend(id.map(|id| attribute("id", id)));
        attributes.extend(
            sampled[n % 11 % 8]
                .iter()
                .map(|(key, value)| text(key, value)),
        );
        if let Some(priority) = &priorities[n % 37 % priorities.len()] {
            attributes.push(attribute("p", priority.clone()));
        }
        LogRecord {
            trace_id,
            attributes,
            ..LogRecord::default()
        }
    });
    Message::Logs(ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            scope_logs: vec![ScopeLogs {
                log_records: records.collect(),
                ..ScopeLogs::default()
            }],
            ..ResourceLogs::default()
        }],
    })
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn samplers_keep_the_same_and_write_the_same() {
    let signals = [Signal::Traces, Signal::Logs];
    let config = one_pipeline_per_case("probabilistic_sampler", &CASES, &signals);
    let pair = Pair::start(&[yaml::OTLP_IN, &config]).await;
    for side in pair.sides() {
        let client = grpc::Client::connect(side.collector.grpc()).await.unwrap();
        for message in [spans(), records()] {
            let answer = client.export(&message).await.unwrap();
            assert_eq!(answer.code, Some(0), "{}", answer.message);
        }
    }
    let (ours, theirs) = pair.stop().await;
    let alike = |side| by_case_alike(side, known::zero_ids_are_none);
    let (ours, theirs) = (alike(&ours), alike(&theirs));
    assert!(
        theirs.len() > 15,
        "hardly anything was kept: {}",
        theirs.len()
    );
    assert_same(&CASES, &ours, &theirs);
}
