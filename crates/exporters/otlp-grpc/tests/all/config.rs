//! Keys, defaults and mistakes.

use std::time::Duration;

use headwater_config::testing::decode;
use headwater_core::config::Config as _;
use headwater_core::{ComponentKind, Registry};
use headwater_exporter_otlp_grpc::{Config, factory};
use headwater_transport::config::CompressionType;

const ENDPOINT: &str = "endpoint: gateway:4317";

#[test]
fn an_endpoint_is_enough() {
    let (config, warnings) = decode::<Config>(ENDPOINT).unwrap();
    assert_eq!(warnings, "");
    assert_eq!(config.client.compression, CompressionType::Gzip);
    assert_eq!(config.timeout.timeout, Duration::from_secs(5));
    assert!(config.sending_queue.is_some() && config.retry_on_failure.enabled);
    assert!(!config.client.keepalive.is_some());
    assert!(!config.client.tls.insecure);
}

#[test]
fn the_keys_of_the_collector_are_read() {
    let yaml = r#"
endpoint: dns:///gateway:4317
compression: zstd
timeout: 10s
tls:
  insecure: true
keepalive:
  time: 30s
  timeout: 5s
  permit_without_stream: true
read_buffer_size: 123
write_buffer_size: 456
wait_for_ready: true
headers:
  x-scope-orgid: team
balancer_name: pick_first
authority: other
user_agent: mine
auth:
  authenticator: oauth2client
sending_queue:
  num_consumers: 4
  batch:
    min_size: 1000
retry_on_failure:
  max_elapsed_time: 0"#;
    let (config, _) = decode::<Config>(yaml).unwrap();
    assert_eq!(config.timeout.timeout, Duration::from_secs(10));
    assert!(config.client.keepalive.is_some() && config.client.tls.insecure);
    let queue = config.sending_queue.as_ref().unwrap();
    assert_eq!(queue.batch.as_ref().unwrap().min_size, 1000);
}

#[test]
fn mistakes_are_reported_where_they_are() {
    for (yaml, expected) in [
        ("{}", "requires a non-empty \"endpoint\""),
        ("endpoint: ''", "requires a non-empty \"endpoint\""),
        ("endpoint: gateway", "invalid port in endpoint"),
        ("endpoint: gateway:port", "invalid port in endpoint"),
        ("endpoint: a:1\ncompression: lz4", "does not exist in gRPC"),
        ("endpoint: a:1\nbalancer_name: best", "balancer_name"),
        ("endpoint: a:1\ntimout: 5s", "did you mean `timeout`?"),
        (
            "endpoint: a:1\nsending_queue: {queue_size: 0}",
            "`queue_size` must be positive",
        ),
    ] {
        let error = decode::<Config>(yaml).unwrap_err();
        assert!(error.contains(expected), "{yaml}\n{error}");
    }
}

#[test]
fn what_was_removed_is_explained_and_no_error() {
    let yaml = format!("{ENDPOINT}\nbatcher: {{enabled: true}}");
    let (_, warnings) = decode::<Config>(&yaml).unwrap();
    assert!(
        warnings.contains("write `sending_queue::batch`"),
        "{warnings}"
    );
}

#[test]
fn batches_that_servers_will_not_take_are_noticed() {
    let with = |batch: &str| {
        let queue = "{sizer: bytes, queue_size: 100000000, batch: ";
        decode::<Config>(&format!("{ENDPOINT}\nsending_queue: {queue}{batch}}}"))
            .unwrap()
            .1
    };
    let warning = "larger than the 4 MiB";
    assert!(with("{max_size: 5000000}").contains(warning));
    assert!(with("{min_size: 5000000}").contains(warning));
    assert_eq!(with("{max_size: 4000000}"), "");
}

#[test]
fn both_names_lead_to_the_factory() {
    let kind = ComponentKind::Exporter;
    for registry in [Registry::linked(), Registry::new().with(factory())] {
        for (name, is_alias) in [("otlp_grpc", false), ("otlp", true)] {
            let (found, by_alias) = registry.get(kind, name).unwrap();
            assert_eq!((found.component_type(), by_alias), ("otlp_grpc", is_alias));
        }
    }
}

#[test]
fn every_key_has_a_description() {
    for row in Config::type_schema().rows() {
        assert!(!row.doc.is_empty(), "{row:?}");
    }
}
