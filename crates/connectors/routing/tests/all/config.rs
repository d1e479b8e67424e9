//! What users write, and what they are told about it.

use headwater_config::keys_table;
use headwater_config::testing::decode;
use headwater_connector_routing::{Action, Config, ErrorMode, RouteContext, factory};
use headwater_core::Signal;

use crate::Routed;

#[test]
fn the_configurations_of_the_seed_and_of_upstream_load_without_a_warning() {
    for yaml in [
        "table: [{condition: \"true\", pipelines: [metrics/new_relic]}]",
        "default_pipelines: [logs/other]\nerror_mode: ignore\ntable:\n  - context: request\n    \
         condition: request[\"X-Tenant\"] == \"acme\"\n    pipelines: [logs/acme]",
        "table: [{statement: 'route() where attributes[\"X-Tenant\"] == \"acme\"', pipelines: [traces/a]}]",
        "table: [{context: log, condition: 'severity_number < SEVERITY_NUMBER_ERROR', action: copy, pipelines: [logs/cheap]}]",
    ] {
        let (_, warnings) = decode::<Config>(yaml).unwrap_or_else(|errors| panic!("{errors}"));
        assert!(warnings.is_empty(), "{warnings}");
    }
}

#[test]
fn every_key_is_read() {
    let (config, _) = decode::<Config>(
        "{default_pipelines: [logs/rest], error_mode: silent, table: [{context: datapoint, \
         condition: 'value_int > 1', action: copy, pipelines: [logs/a, logs/b]}]}",
    )
    .unwrap();
    assert_eq!(config.error_mode, ErrorMode::Silent);
    assert_eq!(config.default_pipelines.len(), 1);
    let row = &config.table[0];
    assert_eq!(
        (row.context, row.action),
        (RouteContext::DataPoint, Action::Copy)
    );
    assert_eq!(row.pipelines.len(), 2);
    let default = Config::default();
    assert_eq!(default.error_mode, ErrorMode::Propagate);
}

#[test]
fn mistakes_are_reported_with_upstreams_words_at_their_place() {
    for (yaml, parts) in [
        (
            "{}",
            &["invalid routing table: the routing table is empty"][..],
        ),
        (
            "table: [{condition: 'true'}]",
            &["invalid route: no pipelines defined", "table::0::pipelines"],
        ),
        (
            "table: [{pipelines: [logs/a]}]",
            &["invalid route: no condition or statement provided"],
        ),
        (
            "table: [{condition: 'true', statement: 'route()', pipelines: [logs/a]}]",
            &["invalid route: both condition and statement provided"],
        ),
        (
            "table: [{context: trace, condition: 'true', pipelines: [logs/a]}]",
            &["trace", "context"],
        ),
        (
            "table: [{action: clone, condition: 'true', pipelines: [logs/a]}]",
            &["clone", "action"],
        ),
        (
            "table: [{context: request, statement: 'route()', pipelines: [logs/a]}]",
            &["\"request\" context requires a 'condition'"],
        ),
        (
            "table: [{context: request, condition: 'request == \"a\"', pipelines: [logs/a]}]",
            &["the name of a header is missing"],
        ),
        (
            "table: [{condition: 'atributes[\"a\"] == \"b\"', pipelines: [logs/a]}]",
            &["did you mean `attributes`?", "table::0::condition", ":1:22"],
        ),
        ("table: [{condition: 'true', pipelines: [log]}]", &["log"]),
        ("tabel: []", &["did you mean `table`?"]),
    ] {
        let errors = decode::<Config>(yaml).unwrap_err();
        for part in parts {
            assert!(errors.contains(part), "{yaml}\nwants: {part}\n{errors}");
        }
    }
}

#[test]
fn a_removed_key_and_a_row_without_effect_are_warned_about() {
    let (_, warnings) = decode::<Config>(
        "match_once: true\ntable:\n  - {condition: 'true', pipelines: [logs/a]}\n  - {condition: \
         'true', pipelines: [logs/b]}",
    )
    .unwrap();
    assert!(warnings.contains("match_once"), "{warnings}");
    assert!(warnings.contains("this row has no effect"), "{warnings}");
}

#[test]
fn pipelines_must_be_outputs_of_the_connector() {
    for yaml in [
        "table: [{condition: 'true', pipelines: [logs/a, logs/gone]}]",
        "{default_pipelines: [logs/gone], table: [{condition: 'true', pipelines: [logs/a]}]}",
    ] {
        let Err(error) = Routed::try_new(Signal::Logs, yaml, &["a", "b"]) else {
            panic!("{yaml}");
        };
        assert!(error.contains("pipeline not found"), "{error}");
        assert!(
            error.contains("logs/gone") && error.contains("logs/a, logs/b"),
            "{error}"
        );
    }
}

#[test]
fn a_signal_stays_what_it_is() {
    let factory = factory();
    for from in Signal::ALL {
        for to in Signal::ALL {
            assert_eq!(factory.connector_stability(from, to).is_some(), from == to);
        }
    }
}

#[test]
fn the_readme_lists_every_key() {
    let table = keys_table::<Config>();
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&table), "put this into README.md:\n{table}");
}
