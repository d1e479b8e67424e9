//! The example as a pipeline runs it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use drop_probes::{DropProbesConfig, factory};
use headwater_config::testing::decode;
use headwater_core::pdata::{count_items, json};
use headwater_core::{Batch, BuiltProcessor, Signal};
use headwater_testkit::{Recorder, environment};

fn process(spans: &[(&str, &str)]) -> Option<Batch> {
    let settings = environment()
        .pipeline_settings(&"drop_probes".parse().unwrap(), &"traces".parse().unwrap());
    let next = Arc::new(Recorder::new());
    let built = factory()
        .build_processor(settings, &DropProbesConfig::default(), next)
        .unwrap();
    let BuiltProcessor::Inline(processor) = built else {
        panic!("it holds nothing")
    };
    let spans: Vec<_> = spans
        .iter()
        .map(|(key, path)| {
            format!(
                r#"{{"name":"GET","attributes":[{{"key":"{key}","value":{{"stringValue":"{path}"}}}}]}}"#
            )
        })
        .collect();
    let request = format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{}]}}]}}]}}"#,
        spans.join(",")
    );
    let bytes = json::from_json(Signal::Traces, request.as_bytes()).unwrap();
    let items = count_items(Signal::Traces, &bytes).unwrap();
    processor
        .process(Batch::new(Signal::Traces, bytes, items))
        .unwrap()
}

#[test]
fn spans_of_probes_are_dropped_and_the_others_stay() {
    let batch = process(&[
        ("url.path", "/healthz"),
        ("url.path", "/orders"),
        ("http.target", "/readyz"),
        ("other", "/healthz"),
    ])
    .unwrap();
    assert_eq!(batch.items(), 2);
    let mut text = Vec::new();
    json::to_json(Signal::Traces, batch.payload(), &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(
        text.contains("/orders") && !text.contains("/readyz"),
        "{text}"
    );
}

#[test]
fn nothing_is_left_of_a_request_with_probes_only() {
    assert!(process(&[("url.path", "/livez")]).is_none());
}

#[test]
fn a_path_without_slash_is_a_mistake_that_says_what_to_write() {
    let error = decode::<DropProbesConfig>("paths: [healthz]").unwrap_err();
    assert!(error.contains("write \"/healthz\""), "{error}");
}
