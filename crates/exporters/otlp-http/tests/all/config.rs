//! Keys, defaults and mistakes.

use std::time::Duration;

use headwater_config::testing::decode;
use headwater_core::config::Config as _;
use headwater_core::{ComponentKind, Registry, Signal};
use headwater_exporter_otlp_http::{Config, Encoding, factory};
use headwater_testkit::environment;
use headwater_transport::config::CompressionType;

#[test]
fn an_endpoint_is_enough() {
    let (config, warnings) = decode::<Config>("endpoint: https://gateway:4318").unwrap();
    assert_eq!(warnings, "");
    assert_eq!(config.client.compression, CompressionType::Gzip);
    assert_eq!(config.client.timeout, Duration::from_secs(30));
    assert_eq!(config.encoding, Encoding::Proto);
    assert!(config.sending_queue.is_some() && config.retry_on_failure.enabled);
}

#[test]
fn the_keys_of_the_collector_are_read() {
    let yaml = r#"
endpoint: http://gateway:4318
traces_endpoint: http://traces:4318/in
metrics_endpoint: https://metrics/in
logs_endpoint: http://logs/in
profiles_endpoint: http://profiles/in
encoding: json
compression: zstd
compression_params: {level: 11}
timeout: 10s
read_buffer_size: 123
write_buffer_size: 456
headers: {x-scope-orgid: team}
max_idle_conns: 10
max_idle_conns_per_host: 5
max_conns_per_host: 7
idle_conn_timeout: 20s
disable_keep_alives: true
http2_read_idle_timeout: 10s
http2_ping_timeout: 10s
cookies:
  enabled: true
force_attempt_http2: false
proxy_url: http://proxy:3128
auth: {authenticator: oauth2client}
tls: {insecure_skip_verify: true}
sending_queue: {num_consumers: 4}
retry_on_failure: {enabled: false}"#;
    let (config, _) = decode::<Config>(yaml).unwrap();
    assert_eq!(config.encoding, Encoding::Json);
    assert_eq!(config.client.timeout, Duration::from_secs(10));
    assert!(!config.retry_on_failure.enabled);
}

#[test]
fn mistakes_are_reported_where_they_are() {
    for (yaml, expected) in [
        ("{}", "at least one endpoint must be specified"),
        ("endpoint: gateway:4318", "invalid endpoint"),
        (
            "endpoint: http://a\ntraces_endpoint: ftp://b",
            "invalid traces_endpoint",
        ),
        ("endpoint: http://a\nencoding: xml", "encoding"),
        ("endpoint: http://a\ncompression: brotli", "compression"),
        (
            "endpoint: http://a\ntrace_endpoint: http://b",
            "did you mean `traces_endpoint`?",
        ),
        (
            "endpoint: http://a\nretry_on_failure: {multiplier: -1}",
            "'multiplier' must be non-negative",
        ),
    ] {
        let error = decode::<Config>(yaml).unwrap_err();
        assert!(error.contains(expected), "{yaml}\n{error}");
    }
}

#[test]
fn a_signal_without_endpoint_cannot_be_built() {
    let (config, _) = decode::<Config>("logs_endpoint: http://logs/in").unwrap();
    let id = "otlp_http".parse().unwrap();
    let environment = environment();
    for signal in Signal::ALL {
        let settings = environment.signal_settings(ComponentKind::Exporter, &id, signal);
        let built = factory().build_exporter(settings, &config);
        if signal == Signal::Logs {
            assert!(built.is_ok());
        } else {
            let text = built.err().unwrap().to_string();
            let expected = format!("either endpoint or {signal}_endpoint must be specified");
            assert_eq!(text, expected);
        }
    }
}

#[test]
fn what_was_removed_is_explained_and_no_error() {
    let yaml = "endpoint: http://a\nbatcher: {enabled: true}";
    let (_, warnings) = decode::<Config>(yaml).unwrap();
    assert!(
        warnings.contains("write `sending_queue::batch`"),
        "{warnings}"
    );
}

#[test]
fn both_names_lead_to_the_factory() {
    let kind = ComponentKind::Exporter;
    for registry in [Registry::linked(), Registry::new().with(factory())] {
        for (name, is_alias) in [("otlp_http", false), ("otlphttp", true)] {
            let (found, by_alias) = registry.get(kind, name).unwrap();
            assert_eq!((found.component_type(), by_alias), ("otlp_http", is_alias));
        }
    }
}

#[test]
fn every_key_has_a_description() {
    for row in Config::type_schema().rows() {
        assert!(!row.doc.is_empty(), "{row:?}");
    }
}
