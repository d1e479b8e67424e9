//! Pieces of configuration. Ports and addresses come from the environment that a
//! [`crate::Launch`] gives.

/// Takes OTLP over gRPC and HTTP.
pub const OTLP_IN: &str = r#"
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: 127.0.0.1:${env:GRPC_PORT}
      http:
        endpoint: 127.0.0.1:${env:HTTP_PORT}
"#;

/// Sends to `SINK` over gRPC, without a queue, so that an answer says what the backend said.
pub const GRPC_OUT: &str = r#"
exporters:
  otlp_grpc:
    endpoint: ${env:SINK}
    compression: none
    sending_queue:
      enabled: false
    tls:
      insecure: true
"#;

/// Sends to `SINK` over HTTP, without a queue.
pub const HTTP_OUT: &str = r#"
exporters:
  otlp_http:
    endpoint: http://${env:SINK}
    compression: none
    sending_queue:
      enabled: false
"#;

/// A pipeline for every signal, from `otlp` through `processors` to `exporters` (both lists, comma
/// separated).
#[must_use]
pub fn pipelines(processors: &str, exporters: &str) -> String {
    let mut yaml = String::from("service:\n  pipelines:\n");
    for signal in crate::Signal::ALL {
        yaml += &format!(
            "    {}:\n      receivers: [otlp]\n      processors: [{processors}]\n      \
             exporters: [{exporters}]\n",
            signal.name()
        );
    }
    yaml
}
