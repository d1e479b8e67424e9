//! What `service::telemetry` accepts.

use headwater_config::testing::decode;
use headwater_service::telemetry::TelemetryConfig;

fn accepted(yaml: &str) -> (TelemetryConfig, String) {
    decode(yaml).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(yaml: &str) -> String {
    decode::<TelemetryConfig>(yaml).unwrap_err()
}

#[test]
fn everything_that_upstream_documents_is_accepted() {
    let (config, warnings) = accepted(
        "
logs:
  level: WARNING
  development: true
  encoding: json
  disable_caller: true
  disable_stacktrace: true
  sampling: {enabled: true, tick: 5s, initial: 3, thereafter: 7}
  output_paths: [stdout, /tmp/x.log]
  error_output_paths: [stderr]
  initial_fields: {a: 1, b: [x]}
  disable_zap_resource: true
metrics:
  level: Detailed
  readers:
    - pull:
        exporter:
          prometheus:
            host: 0.0.0.0
            port: 8888
            without_scope_info: true
            without_type_suffix: true
            without_units: true
            with_resource_constant_labels: {included: [service.*], excluded: []}
    - periodic:
        interval: 10000
        timeout: 5000
        exporter:
          otlp:
            protocol: http/protobuf
            endpoint: http://localhost:4318
            headers: [{name: a, value: b}]
            compression: gzip
            temporality_preference: cumulative
  views:
    - selector: {instrument_name: a}
      stream: {aggregation: {drop: {}}}
traces:
  level: none
  propagators: [tracecontext, b3]
  sampler: {always_off: {}}
  processors: [{batch: {exporter: {otlp: {protocol: grpc, endpoint: localhost:4317}}}}]
resource:
  attributes:
    - {name: region, value: eu}
    - {name: shard, value: 3, type: int}
",
    );
    assert_eq!(config.metrics.readers.len(), 2);
    assert_eq!(config.resource.attributes[1].name, "shard");
    assert!(
        warnings.contains("periodic readers do not send yet"),
        "{warnings}"
    );
    assert_eq!(warnings.matches("warning[").count(), 1, "{warnings}");
}

#[test]
fn readers_must_be_complete() {
    let reader = |text: &str| refused(&format!("metrics: {{readers: [{text}]}}"));
    assert!(reader("{pull: {exporter: {prometheus: {host: a}}}}").contains("`port` must be"));
    assert!(reader("{pull: {exporter: {prometheus: {port: 1}}}}").contains("`host` must be"));
    assert!(reader("{pull: {exporter: {}}}").contains("no valid exporter"));
    assert!(reader("{}").contains("needs `pull` or `periodic`"));
    assert!(reader("{pull: {exporter: {prometheus: {host: a, port: 1}}}, periodic: {exporter: {console: {}}}}").contains("not both"));
    assert!(refused("metrics: {readers: []}").contains("should exist when metric level"));
    accepted("metrics: {level: none, readers: []}");
    assert!(refused("metrics: {views: [{}]}").contains("only be set when level is `detailed`"));
}

#[test]
fn the_old_address_still_works() {
    let (_, warnings) = accepted("metrics: {address: ':9999'}");
    assert!(
        warnings.contains("`address` is an old spelling"),
        "{warnings}"
    );
    assert!(refused("metrics: {address: nowhere}").contains("expected `host:port`"));
}

#[test]
fn the_resource_has_two_syntaxes_but_not_at_once() {
    let (_, warnings) = accepted("resource: {service.name: a, service.instance.id: }");
    assert!(warnings.contains("are deprecated"), "{warnings}");
    let both = "resource: {a: b, attributes: [{name: c, value: d}]}";
    assert!(refused(both).contains("cannot be used together"));
    assert!(refused("resource: {attributes_list: a=b}").contains("was removed"));
    assert!(refused("resource: {a: [1]}").contains("an attribute is a string"));
}

#[test]
fn slips_are_pointed_out() {
    assert!(refused("logs: {levl: info}").contains("did you mean `level`?"));
    assert!(refused("logs: {encoding: jsn}").contains("json"));
    assert!(refused("tracing: {}").contains("unknown field `tracing`"));
}
