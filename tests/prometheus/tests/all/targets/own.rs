//! What the collector shows of itself on :8888.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;

use prometheus_tests::process::{Running, named};
use prometheus_tests::{free_port, get};

use super::same_if;
use crate::alike::{Allowed, wait};

/// Sends one span.
fn send(address: SocketAddr) {
    let body = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c",
        "spanId":"eee19b7ec3c1b174","name":"a"}]}]}]}"#;
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST /v1/traces HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains(" 200 "), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_collectors_own_metrics() {
    let how = "set it to the distribution `headwater` that `just build headwater` has built";
    let Some(program) = named("HEADWATER_BIN", how) else {
        return;
    };
    let (otlp, metrics) = (free_port(), free_port());
    let yaml = format!(
        "{{receivers: {{otlp: {{protocols: {{http: {{endpoint: '{otlp}'}}}}}}}}, exporters: {{nop: {{}}}}, \
         processors: {{batch: {{}}}}, service: {{pipelines: {{traces: {{receivers: [otlp], \
         processors: [batch], exporters: [nop]}}}}, telemetry: {{metrics: {{level: detailed, readers: \
         [{{pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {}}}}}}}}}]}}}}}}}}",
        metrics.port()
    );
    let _collector = Running::start(Command::new(program).arg(format!("--config=yaml:{yaml}")));
    wait("the collector listens", || {
        get(metrics, "/metrics").is_some() && TcpStream::connect(otlp).is_ok()
    })
    .await;
    send(otlp);
    let allowed = Allowed {
        moving: |name| name.starts_with("otelcol_process_"),
        // It says there who it is, which becomes a resource on the way.
        missing: |name| name == "target_info",
        ..Allowed::OTLP
    };
    // Its counters have the Collector's names, some without the `_total` that the exporter would add.
    same_if(metrics, "", 30, 0, &allowed, |config| {
        config.add_metric_suffixes = false;
    })
    .await;
}
