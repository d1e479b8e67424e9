//! Keys, defaults and mistakes.

use headwater_config::testing::decode;
use headwater_core::config::Config as _;
use headwater_core::{ComponentKind, Registry};
use headwater_receiver_loki::{Config, factory};

#[test]
fn a_protocol_is_on_when_it_is_named() {
    let (config, _) = decode::<Config>("protocols: {http: }").unwrap();
    let http = config.protocols.http.as_ref().unwrap();
    assert_eq!(http.address.endpoint, "localhost:3500");
    assert!(!config.protocols.grpc.is_some() && !config.use_incoming_timestamp);
    let (config, _) = decode::<Config>("protocols: {grpc: {}}").unwrap();
    let grpc = config.protocols.grpc.as_ref().unwrap();
    assert_eq!(grpc.address.endpoint, "localhost:3600");
}

#[test]
fn the_keys_of_the_collector_and_of_alloy_are_read() {
    let yaml = "protocols: {http: {endpoint: '0.0.0.0:3100'}, grpc: {endpoint: '0.0.0.0:1'}}\n\
                use_incoming_timestamp: true\nlabels: {a: b}\n\
                relabel_rules: [{source_labels: [a], regex: b, action: keep}]\n\
                graceful_shutdown_timeout: 30s";
    let (config, warnings) = decode::<Config>(yaml).unwrap();
    assert!(config.use_incoming_timestamp);
    assert_eq!((config.labels.len(), config.relabel_rules.len()), (1, 1));
    assert!(warnings.contains("leave it out"), "{warnings}");
}

#[test]
fn mistakes_are_reported_where_they_are() {
    for (yaml, expected) in [
        ("{}", "must specify at least one protocol"),
        ("protocols: {}", "must specify at least one protocol"),
        ("protocols: {http: }\nlabels: {a.b: c}", "write `a_b`"),
        (
            "protocols: {http: }\ntenant_header: 'a b'",
            "not the name of a header",
        ),
        ("protocols: {https: }", "did you mean `http`"),
        (
            "protocols: {http: }\nrelabel_rules: [{regex: '('}]",
            "regex",
        ),
    ] {
        let error = decode::<Config>(yaml).unwrap_err();
        assert!(error.contains(expected), "{yaml}\n{error}");
    }
}

#[test]
fn the_name_leads_to_the_factory() {
    for registry in [Registry::linked(), Registry::new().with(factory())] {
        let (found, by_alias) = registry.get(ComponentKind::Receiver, "loki").unwrap();
        assert_eq!((found.component_type(), by_alias), ("loki", false));
    }
}

#[test]
fn every_key_has_a_description() {
    for row in Config::type_schema().rows() {
        assert!(!row.doc.is_empty(), "{row:?}");
    }
}

#[test]
fn the_readme_lists_every_key() {
    let table = headwater_config::keys_table::<Config>();
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&table), "put this into README.md:\n{table}");
}
