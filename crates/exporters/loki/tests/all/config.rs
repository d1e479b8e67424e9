//! Keys, defaults and mistakes.

use std::time::Duration;

use headwater_config::testing::decode;
use headwater_core::config::Config as _;
use headwater_core::{ComponentKind, Registry};
use headwater_exporter_loki::{Config, Format, TenantSource, factory};

const ENDPOINT: &str = "endpoint: http://loki:3100/loki/api/v1/push\n";

#[test]
fn an_endpoint_is_enough_and_the_defaults_are_alloys() {
    let (config, warnings) = decode::<Config>(ENDPOINT).unwrap();
    assert_eq!(warnings, "");
    let seconds = Duration::from_secs;
    assert_eq!(
        (config.batch_wait, config.batch_size),
        (seconds(1), 1 << 20)
    );
    assert_eq!(config.client.timeout, seconds(10));
    let retry = &config.retry_on_failure;
    assert_eq!(retry.initial_interval, Duration::from_millis(500));
    assert_eq!((retry.max_interval, retry.multiplier), (seconds(300), 2.0));
    assert_eq!((config.max_retries, config.retry_on_http_429), (10, true));
    assert_eq!(config.tenant_header, "X-Scope-OrgID");
    let defaults = &config.default_labels_enabled;
    assert!(defaults.exporter && defaults.job && defaults.instance && defaults.level);
}

#[test]
fn the_keys_of_every_version_of_the_exporter_are_read() {
    let yaml = r#"
endpoint: https://loki/loki/api/v1/push
tls: {insecure_skip_verify: true}
headers: {X-Custom: team}
auth: {authenticator: basicauth}
timeout: 7s
write_buffer_size: 1024
default_labels_enabled: {exporter: false, job: true}
sending_queue: {enabled: true, num_consumers: 2, queue_size: 10}
retry_on_failure: {initial_interval: 1s, max_interval: 10s, max_elapsed_time: 1m}
tenant: {source: attribute, value: team}
labels:
  resource: {container.name: container_name}
  attributes: {severity: ''}
  record: {traceID: traceid, severityN: ''}
format: body"#;
    let (config, _) = decode::<Config>(yaml).unwrap();
    assert_eq!(config.format, Format::Raw);
    let tenant = config.tenant.as_ref().unwrap();
    assert_eq!(
        (tenant.source, tenant.value.as_str()),
        (TenantSource::Attributes, "team")
    );
    assert_eq!(config.labels.record.trace_id.as_deref(), Some("traceid"));
    assert!(!config.default_labels_enabled.exporter && config.default_labels_enabled.level);
}

#[test]
fn the_names_that_alloy_has_are_read() {
    let yaml = "min_backoff_period: 1s\nmax_backoff_period: 1m\nmax_backoff_retries: 0\n\
                batch_wait: 2s\nbatch_size: 4096\nmax_streams: 5\ntenant_id: t\n\
                external_labels: {cluster: c}\nretry_on_http_429: false\n\
                retry_on_failure: {max_elapsed_time: 1h}";
    let (config, warnings) = decode::<Config>(&format!("{ENDPOINT}{yaml}")).unwrap();
    assert_eq!(warnings, "");
    assert_eq!((config.max_retries, config.max_streams), (0, 5));
    assert_eq!(config.min_backoff_period, Some(Duration::from_secs(1)));
}

#[test]
fn mistakes_are_reported_where_they_are() {
    for (yaml, expected) in [
        ("format: json", "must be a valid URL"),
        ("endpoint: http://loki:3100", "the URL has no path"),
        ("endpoint: http://loki:3100/otlp", "takes OTLP, not pushes"),
        ("compression: gzip", "compressed with snappy"),
        ("external_labels: {a.b: c}", "write `a_b`"),
        ("external_labels: {a: ''}", "has no value"),
        ("labels: {resource: {a: b.c}}", "write `b_c`"),
        (
            "labels: {record: {traceID: 'a-b'}}",
            "is not the name of a label",
        ),
        ("tenant_header: 'a b'", "not the name of a header"),
        ("tenant_header: ''\ntenant_id: a", "has no effect without"),
        ("tenant: {source: context}", "tenant::value"),
        ("format: xml", "json, logfmt, raw"),
        ("structured_metadata: {fields: [trace]}", "trace_id"),
        ("cardinality: {window: 0s}", "must be positive"),
        ("tenant_ID: x", "tenant_id"),
    ] {
        let yaml = if yaml.contains("endpoint") || yaml.starts_with("format: json") {
            yaml.to_owned()
        } else {
            format!("{ENDPOINT}{yaml}")
        };
        let error = decode::<Config>(&yaml).unwrap_err();
        assert!(error.contains(expected), "{yaml}\n{error}");
    }
}

#[test]
fn what_is_allowed_but_unwise_is_a_warning() {
    for (yaml, expected) in [
        ("batch_wait: 0s", "every batch is a push"),
        ("max_retries: 0", "for ever"),
        ("min_backoff_period: 10m", "longer than the longest"),
    ] {
        let (_, warnings) = decode::<Config>(&format!("{ENDPOINT}{yaml}")).unwrap();
        assert!(warnings.contains(expected), "{yaml}\n{warnings}");
    }
}

#[test]
fn the_name_leads_to_the_factory() {
    for registry in [Registry::linked(), Registry::new().with(factory())] {
        let (found, by_alias) = registry.get(ComponentKind::Exporter, "loki").unwrap();
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
