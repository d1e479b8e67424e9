//! Texts as users write them, and what they say about telemetry.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod conditions;
mod converters;
mod errors;
mod functions;
mod grammar;
mod properties;
mod records;
mod statements;

use headwater_core::pdata::view;
use headwater_core::{Context, ContextParts, Identity, Metadata};
use headwater_ottl::{Condition, ContextKind, Env, EvalError, Record, Resource, Scope};
use headwater_testkit::otlp::{AnyValue, ArrayValue, KeyValue, KeyValueList, Value};

fn value(value: Value) -> AnyValue {
    AnyValue { value: Some(value) }
}

fn text(text: &str) -> AnyValue {
    value(Value::StringValue(text.to_owned()))
}

fn int(int: i64) -> AnyValue {
    value(Value::IntValue(int))
}

fn double(double: f64) -> AnyValue {
    value(Value::DoubleValue(double))
}

fn attribute(key: &str, value: AnyValue) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(value),
        ..KeyValue::default()
    }
}

/// Attributes of every kind.
fn attributes() -> Vec<KeyValue> {
    vec![
        attribute("s", text("blue")),
        attribute("empty", text("")),
        attribute("i", int(7)),
        attribute("d", double(2.5)),
        attribute("t", value(Value::BoolValue(true))),
        attribute("b", value(Value::BytesValue(vec![1, 255]))),
        attribute("n", AnyValue::default()),
        attribute(
            "l",
            value(Value::ArrayValue(ArrayValue {
                values: vec![text("a"), int(2)],
            })),
        ),
        attribute(
            "m",
            value(Value::KvlistValue(KeyValueList {
                values: vec![
                    attribute("x", int(1)),
                    attribute(
                        "y",
                        value(Value::KvlistValue(KeyValueList {
                            values: vec![attribute("z", text("deep"))],
                        })),
                    ),
                ],
            })),
        ),
    ]
}

fn request() -> Context {
    let mut metadata = Metadata::default();
    metadata.append("X-Tenant", "acme");
    metadata.append("x-tenant", "second");
    metadata.append("empty", "");
    Context::new(ContextParts {
        peer: Some(([10, 1, 2, 3], 4317).into()),
        metadata,
        identity: Some(Identity {
            attributes: vec![("subject".into(), "ann".into())],
        }),
        tenant: Some("blue".into()),
        arrived: None,
    })
}

/// What a condition says about a log record, which has attributes of every kind.
fn says(condition: &str) -> Result<bool, EvalError> {
    use headwater_testkit::otlp::{LogRecord, ResourceLogs, ScopeLogs};
    use prost::Message as _;

    let entry = ResourceLogs {
        resource: Some(headwater_testkit::otlp::Resource {
            attributes: vec![
                attribute("service.name", text("shop")),
                attribute("s", text("red")),
            ],
            dropped_attributes_count: 3,
            ..Default::default()
        }),
        schema_url: "http://schema".to_owned(),
        ..Default::default()
    }
    .encode_to_vec();
    let scope = ScopeLogs {
        scope: Some(headwater_testkit::otlp::InstrumentationScope {
            name: "lib".to_owned(),
            version: "1.2".to_owned(),
            attributes: vec![attribute("k", text("v"))],
            ..Default::default()
        }),
        ..Default::default()
    }
    .encode_to_vec();
    let log = LogRecord {
        time_unix_nano: 1_700_000_000_000_000_001,
        severity_number: 17,
        severity_text: "Error".to_owned(),
        body: Some(attributes()[8].value.clone().unwrap()),
        attributes: attributes(),
        trace_id: (1..=16).collect(),
        ..Default::default()
    }
    .encode_to_vec();
    let request = request();
    let env = Env {
        request: &request,
        resource: Resource::of(&entry),
        scope: Scope::of(&scope),
        record: Record::Log(view::LogRecord::new(&log)),
    };
    parsed(condition, ContextKind::Log).eval(&env)
}

fn parsed(condition: &str, context: ContextKind) -> Condition {
    Condition::parse(condition, context).unwrap_or_else(|errors| panic!("{condition}: {errors:?}"))
}

/// Every condition holds, or none does.
#[track_caller]
fn all_say(expected: bool, conditions: &[&str]) {
    for condition in conditions {
        assert_eq!(says(condition), Ok(expected), "{condition}");
    }
}
