//! Keys, defaults and mistakes.

use std::time::Duration;

use headwater_config::testing::decode;
use headwater_core::config::Config as _;
use headwater_core::{ComponentKind, Registry};
use headwater_exporter_prometheus_remote_write::{
    Config, ProtobufMessage, TranslationStrategy, factory,
};

const ENDPOINT: &str = "endpoint: http://mimir/api/v1/push\n";

#[test]
fn an_endpoint_is_enough() {
    let (config, warnings) = decode::<Config>(ENDPOINT).unwrap();
    assert_eq!(warnings, "");
    assert_eq!(config.client.timeout, Duration::from_secs(5));
    assert_eq!(
        config.retry_on_failure.initial_interval,
        Duration::from_millis(50)
    );
    let queue = &config.remote_write_queue;
    assert_eq!(
        (queue.enabled, queue.queue_size, queue.num_consumers),
        (true, 10_000, 5)
    );
    assert_eq!(config.max_batch_size_bytes, 3_000_000);
    assert!(config.add_metric_suffixes && config.target_info.enabled && !config.send_metadata);
    assert_eq!(config.protobuf_message, ProtobufMessage::V1);
}

#[test]
fn the_keys_of_the_collector_are_read() {
    let yaml = r#"
endpoint: https://mimir/api/v1/push
namespace: ns
timeout: 7s
compression: snappy
headers: {X-Scope-OrgID: team}
tls: {insecure_skip_verify: true}
auth: {authenticator: basicauth}
write_buffer_size: 1024
external_labels: {cluster: eu, zone: a}
remote_write_queue: {enabled: true, queue_size: 5, num_consumers: 2}
retry_on_failure: {initial_interval: 1s, max_interval: 10s, max_elapsed_time: 1m}
max_batch_size_bytes: 0
max_batch_request_parallelism: 3
resource_constant_labels: {included: ["k8s.*"], excluded: ["*.uid"]}
target_info: {enabled: false}
disable_scope_info: true
send_metadata: true
translation_strategy: NoTranslation
protobuf_message: io.prometheus.write.v2.Request
include_metadata_keys: [x-scope-orgid]
tenant_header: X-Scope-OrgID"#;
    let (config, _) = decode::<Config>(yaml).unwrap();
    assert_eq!(
        config.translation_strategy,
        Some(TranslationStrategy::NoTranslation)
    );
    assert_eq!(config.max_batch_size_bytes, 3_000_000);
    assert_eq!(config.external_labels.len(), 2);
    let nested = decode::<Config>("http: {endpoint: 'http://a/b', timeout: 9s}").unwrap();
    let http = nested.0.http.as_ref().unwrap().clone();
    assert_eq!(
        (http.endpoint.as_str(), http.timeout),
        ("http://a/b", Duration::from_secs(9))
    );
    let (old, _) = decode::<Config>(&format!("{ENDPOINT}add_metric_suffixes: false")).unwrap();
    assert!(!old.add_metric_suffixes);
}

#[test]
fn mistakes_are_reported_where_they_are() {
    for (yaml, expected) in [
        ("namespace: x", "requires a non-empty \"endpoint\""),
        ("endpoint: mimir:9009", "invalid endpoint"),
        (
            "endpoint: http://a\nresource_to_telemetry_conversion: {enabled: true}\n\
             resource_constant_labels: {excluded: [a]}",
            "cannot configure both",
        ),
        (
            "endpoint: http://a\nresource_to_telemetry_conversion: {enabled: true, excluded: [a]}",
            "cannot configure both",
        ),
        (
            "endpoint: http://a\ninclude_metadata_keys: [x-a, User-Agent]",
            "collides with a header",
        ),
        (
            "endpoint: http://a\ninclude_metadata_keys: ['a b']",
            "not the name of a header",
        ),
        (
            "endpoint: http://a\ncompression: gzip",
            "compression type must be snappy",
        ),
        (
            "endpoint: http://a\nexternal_labels: {a: ''}",
            "empty key or value",
        ),
        (
            "endpoint: http://a\nexternal_labels: {'': a}",
            "empty key or value",
        ),
        (
            "endpoint: http://a\nremote_write_queue: {queue_size: 0}",
            "a 0 size queue will drop all the data",
        ),
        (
            "endpoint: http://a\nremote_write_queue: {queue_size: -1}",
            "queue size can't be negative",
        ),
        (
            "endpoint: http://a\nremote_write_queue: {num_consumers: -1}",
            "consumer number can't be negative",
        ),
        (
            "endpoint: http://a\nmax_batch_request_parallelism: 0",
            "can't be set to below 1",
        ),
        (
            "endpoint: http://a\nprotobuf_message: v3",
            "protobuf_message",
        ),
        (
            "endpoint: http://a\ntranslation_strategy: NoTranslation",
            "need remote write 2.0",
        ),
        (
            "endpoint: http://a\nwal: {folder: /tmp}",
            "unknown field `folder`",
        ),
        (
            "endpoint: http://a\nremote_write_queue: {max_bytes: 0}",
            "would drop all the data",
        ),
        (
            "endpoint: http://a\nsending_queue: {enabled: true}",
            "sending_queue",
        ),
        (
            "endpoint: http://a\ntenant_header: 'a b'",
            "not the name of a header",
        ),
    ] {
        let error = decode::<Config>(yaml).unwrap_err();
        assert!(error.contains(expected), "{yaml}\n{error}");
    }
}

#[test]
fn what_was_removed_is_explained_and_no_error() {
    let yaml = format!("{ENDPOINT}export_created_metric: {{enabled: true}}");
    let (_, warnings) = decode::<Config>(&yaml).unwrap();
    assert!(warnings.contains("remote write 2.0"), "{warnings}");
}

#[test]
fn a_configuration_with_a_write_ahead_log_runs_and_is_told_what_is_done_instead() {
    let yaml = format!(
        "{ENDPOINT}wal: {{directory: /var/wal, buffer_size: 100, truncate_frequency: 45s, \
         lag_record_frequency: 5s}}"
    );
    let (config, warnings) = decode::<Config>(&yaml).unwrap();
    assert_eq!(config.wal.as_ref().unwrap().buffer_size, 100);
    for part in ["is in memory", "remote_write_queue::max_bytes"] {
        assert!(warnings.contains(part), "{warnings}");
    }
    let (_, warnings) = decode::<Config>(ENDPOINT).unwrap();
    assert!(!warnings.contains("write-ahead"), "{warnings}");
}

#[test]
fn a_strategy_without_text_is_none() {
    let yaml = "endpoint: http://a\nadd_metric_suffixes: false\ntranslation_strategy: ''";
    let (config, warnings) = decode::<Config>(yaml).unwrap();
    assert!(!warnings.contains("has no effect"), "{warnings}");
    let resolve = TranslationStrategy::resolve;
    let given = config.translation_strategy;
    assert_eq!(resolve(given, false), resolve(None, false));
    assert_ne!(resolve(given, false), resolve(given, true));
}

#[test]
fn newer_keys_win_over_older_ones() {
    for yaml in [
        "endpoint: http://a\nhttp: {endpoint: http://b}",
        "endpoint: http://a\nadd_metric_suffixes: false\n\
         translation_strategy: UnderscoreEscapingWithSuffixes",
    ] {
        let (_, warnings) = decode::<Config>(yaml).unwrap();
        assert!(warnings.contains("has no effect"), "{warnings}");
    }
}

#[test]
fn both_names_lead_to_the_factory() {
    let kind = ComponentKind::Exporter;
    for registry in [Registry::linked(), Registry::new().with(factory())] {
        for (name, alias) in [
            ("prometheus_remote_write", false),
            ("prometheusremotewrite", true),
        ] {
            let (found, by_alias) = registry.get(kind, name).unwrap();
            assert_eq!(
                (found.component_type(), by_alias),
                ("prometheus_remote_write", alias)
            );
        }
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
