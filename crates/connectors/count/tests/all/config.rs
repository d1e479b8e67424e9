//! What users write, and what they are told about it.

use headwater_config::keys_table;
use headwater_config::testing::decode;
use headwater_connector_count::{Config, factory};
use headwater_core::Signal;

#[test]
fn mistakes_are_reported_with_upstreams_words_at_their_place() {
    for (yaml, parts) in [
        (
            "spans: {m: {conditions: ['nme == \"a\"']}}",
            &["`nme` is not a path", "spans::m::conditions::0", ":1:27"][..],
        ),
        (
            "metrics: {m: {attributes: [{key: a}]}}",
            &["metrics attributes not supported"],
        ),
        (
            "logs: {m: {attributes: [{default_value: a}]}}",
            &["attribute key missing"],
        ),
        (
            "logs: {m: {attributes: [{key: a, default_value: [1]}]}}",
            &["a text or a number"],
        ),
        ("logs: {m: {conditon: []}}", &["did you mean `conditions`?"]),
        ("log: {}", &["did you mean `logs`?"]),
        (
            "datapoints: {m: {conditions: ['body == nil']}}",
            &["`body` is not a path of the datapoint context"],
        ),
    ] {
        let errors = decode::<Config>(yaml).unwrap_err();
        for part in parts {
            assert!(errors.contains(part), "{yaml}\nwants: {part}\n{errors}");
        }
    }
    let (_, warnings) = decode::<Config>("logs: {m: {attributes: [{key: a}, {key: a}]}}").unwrap();
    assert!(warnings.contains("named twice"), "{warnings}");
}

#[test]
fn every_signal_becomes_metrics_and_nothing_else() {
    let factory = factory();
    for from in Signal::ALL {
        for to in Signal::ALL {
            let supported = factory.connector_stability(from, to).is_some();
            assert_eq!(supported, to == Signal::Metrics);
        }
    }
}

#[test]
fn the_readme_lists_every_key() {
    let table = keys_table::<Config>();
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&table), "put this into README.md:\n{table}");
}
