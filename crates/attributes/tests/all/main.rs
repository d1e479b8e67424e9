//! Actions and properties as users write them, and what they do.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod actions;
mod errors;
mod matching;

use headwater_core::Signal;
use headwater_core::config::Config;
use headwater_core::pdata::Payload;
use headwater_core::pdata::edit::{Rewrite, rewrite};
use headwater_testkit::otlp::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, Resource, ResourceSpans,
    ScopeSpans, Span, TracesData, Value,
};
use prost::Message;

/// A section with a list of actions, as components have it.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
struct Section {
    /// Actions.
    actions: Vec<headwater_attributes::ActionConfig>,
    /// Selection.
    #[config(squash)]
    matching: headwater_attributes::MatchConfig,
}

impl Section {
    fn check(&self, validation: &mut headwater_core::config::Validation<'_>) {
        headwater_attributes::Actions::check(&self.actions, "actions", validation);
    }
}

fn section(yaml: &str) -> Section {
    headwater_config::testing::decode::<Section>(yaml)
        .unwrap_or_else(|errors| panic!("{errors}"))
        .0
}

fn errors(yaml: &str) -> String {
    headwater_config::testing::decode::<Section>(yaml).unwrap_err()
}

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

fn boolean(bool: bool) -> AnyValue {
    value(Value::BoolValue(bool))
}

fn bytes(bytes: &[u8]) -> AnyValue {
    value(Value::BytesValue(bytes.to_vec()))
}

fn list<const N: usize>(values: [AnyValue; N]) -> AnyValue {
    value(Value::ArrayValue(ArrayValue {
        values: values.into(),
    }))
}

fn map<const N: usize>(values: [(&str, AnyValue); N]) -> AnyValue {
    value(Value::KvlistValue(KeyValueList {
        values: attributes(values),
    }))
}

fn attributes<const N: usize>(attributes: [(&str, AnyValue); N]) -> Vec<KeyValue> {
    let key_value = |(key, value): (&str, AnyValue)| KeyValue {
        key: key.to_owned(),
        value: Some(value),
        key_strindex: 0,
    };
    attributes.into_iter().map(key_value).collect()
}

/// A request with one span.
fn request(resource: Vec<KeyValue>, scope: (&str, &str), span: Span) -> TracesData {
    let scope = InstrumentationScope {
        name: scope.0.to_owned(),
        version: scope.1.to_owned(),
        ..InstrumentationScope::default()
    };
    let resource = Resource {
        attributes: resource,
        ..Resource::default()
    };
    let spans = ScopeSpans {
        scope: Some(scope),
        spans: vec![span],
        ..ScopeSpans::default()
    };
    let entry = ResourceSpans {
        resource: Some(resource),
        scope_spans: vec![spans],
        ..ResourceSpans::default()
    };
    TracesData {
        resource_spans: vec![entry],
    }
}

fn edited(signal: Signal, request: Vec<u8>, by: &mut impl Rewrite) -> Vec<u8> {
    match rewrite(signal, &Payload::from(request.clone()), by).unwrap() {
        Some(edited) => edited.payload.into_contiguous().to_vec(),
        None => request,
    }
}

/// The attributes of the only span of a request.
fn span_attributes(request: &[u8]) -> Vec<KeyValue> {
    let mut data = TracesData::decode(request).unwrap();
    data.resource_spans
        .remove(0)
        .scope_spans
        .remove(0)
        .spans
        .remove(0)
        .attributes
}
