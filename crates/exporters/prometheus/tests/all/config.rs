//! Keys, defaults and mistakes.

use std::time::Duration;

use headwater_config::testing::decode;
use headwater_core::config::Config as _;
use headwater_core::{ComponentKind, Registry};
use headwater_exporter_prometheus::{Config, TranslationStrategy};

#[test]
fn an_endpoint_is_enough() {
    let (config, warnings) = decode::<Config>("endpoint: 127.0.0.1:8889").unwrap();
    assert_eq!(warnings, "");
    assert_eq!(config.metric_expiration, Duration::from_secs(300));
    assert!(config.add_metric_suffixes && !config.send_timestamps && !config.enable_open_metrics);
    assert!(!config.sending_queue.is_some());
}

#[test]
fn the_keys_of_the_collector_are_read() {
    let yaml = r#"
endpoint: 127.0.0.1:8889
namespace: ns
const_labels: {label1: value1}
send_timestamps: true
metric_expiration: 180m
enable_open_metrics: true
without_scope_info: true
resource_to_telemetry_conversion: {enabled: true, exclude_service_attributes: true}
translation_strategy: NoTranslation
tls: {ca_file: /ca, cert_file: /cert, key_file: /key}
cors: {allowed_origins: ["*"]}
sending_queue: {queue_size: 10}"#;
    let (config, _) = decode::<Config>(yaml).unwrap();
    assert_eq!(
        config.translation_strategy,
        Some(TranslationStrategy::NoTranslation)
    );
    assert_eq!(config.metric_expiration, Duration::from_secs(180 * 60));
    assert!(config.sending_queue.is_some());
}

#[test]
fn mistakes_are_reported_where_they_are() {
    for (yaml, expected) in [
        ("namespace: x", "expecting a non-blank address"),
        ("endpoint: a:1\nmax_series: 0", "must be positive"),
        ("endpoint: a:1\nconst_labels: {'': x}", "label name"),
        (
            "endpoint: a:1\nresource_to_telemetry_conversion: {enabled: true, included: [a]}",
            "cannot configure both",
        ),
        ("endpoint: a:1\nexpiration: 5m", "expiration"),
    ] {
        let error = decode::<Config>(yaml).unwrap_err();
        assert!(error.contains(expected), "{yaml}\n{error}");
    }
}

#[test]
fn the_strategy_wins_over_the_older_key() {
    let yaml = "endpoint: a:1\nadd_metric_suffixes: false\ntranslation_strategy: NoTranslation";
    let (_, warnings) = decode::<Config>(yaml).unwrap();
    assert!(warnings.contains("has no effect"), "{warnings}");
}

#[test]
fn the_name_leads_to_the_factory() {
    let registry = Registry::linked();
    let (found, by_alias) = registry.get(ComponentKind::Exporter, "prometheus").unwrap();
    assert_eq!((found.component_type(), by_alias), ("prometheus", false));
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
