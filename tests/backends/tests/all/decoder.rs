//! What the `loki` exporter sends, decoded by Google's protobuf.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use headwater_core::Signal;
use headwater_core::bytes::Bytes;
use headwater_core::pdata::owned::LogRecord;
use headwater_exporter_loki::{Config, factory};
use headwater_transport::http::{Encodings, Handler, Request, Response, Server, ServerOptions};
use headwater_transport::listen::{self, Transport};
use headwater_transport::{Serve as _, Stopper};

use crate::logs::{Running, attributes, batch, record, resource, stream};

#[derive(Clone, Default)]
struct Keep(Arc<Mutex<Vec<Bytes>>>);

impl Handler for Keep {
    async fn call(&self, request: Request) -> Response {
        assert_eq!(request.headers["content-type"], "application/x-protobuf");
        assert_eq!(request.headers["content-encoding"], "snappy");
        self.0.lock().unwrap().push(request.body);
        Response::empty(http::StatusCode::NO_CONTENT)
    }
}

fn decode(python: &std::ffi::OsStr, body: &[u8]) -> serde_json::Value {
    let mut child = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/decode.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(body).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bytes_are_what_the_published_messages_say() {
    let Some(python) = std::env::var_os("PUSH_DECODER_PYTHON") else {
        eprintln!("skipped: run `tests/backends/run decoder`");
        return;
    };
    let bound = listen::bind(Transport::Tcp, "127.0.0.1:0", 1).unwrap();
    let address = bound.local_addr().tcp().unwrap();
    let listener = bound.split(1).unwrap().remove(0).into_listener().unwrap();
    let kept = Keep::default();
    let options = ServerOptions {
        encodings: Encodings::Untouched,
        ..ServerOptions::default()
    };
    let stopper = Stopper::default();
    tokio::spawn(Server::new(kept.clone(), options).serve(listener, stopper.stop()));

    let mut config = Config {
        batch_size: 0,
        ..Config::default()
    };
    config.client.endpoint = format!("http://{address}/loki/api/v1/push");
    let exporter = Running::start(&factory(), Signal::Logs, &config).await;
    let otlp = LogRecord {
        severity_number: 9,
        trace_id: vec![0xab; 16].into(),
        span_id: vec![1; 8].into(),
        attributes: attributes(&[("k", "v")]),
        ..record(1_700_000_000_123_456_789, "ä \"quoted\"")
    };
    let mut with_metadata = record(1_700_000_000_000_000_000, "x");
    with_metadata.attributes = attributes(&[("m", "1"), ("n", "2")]);
    let long = "a line that repeats itself ".repeat(500);
    exporter
        .send(batch(vec![
            resource(attributes(&[("service.name", "api")]), vec![otlp]),
            stream(
                &[("app", "a\\b\"c\n")],
                vec![with_metadata, record(1, &long)],
            ),
        ]))
        .await;
    assert_eq!(exporter.stop().await.sent, 3);
    let bodies = kept.0.lock().unwrap().clone();
    assert_eq!(bodies.len(), 1);
    let expected = serde_json::json!([
        {
            "labels": r#"{exporter="OTLP", job="api", level="INFO"}"#,
            "entries": [{
                "time": 1_700_000_000_123_456_789_u64,
                "line": r#"{"body":"ä \"quoted\"","traceid":"abababababababababababababababab","spanid":"0101010101010101","attributes":{"k":"v"},"resources":{"service.name":"api"},"instrumentation_scope":{"name":"lib"}}"#,
                "metadata": {
                    "trace_id": "abababababababababababababababab",
                    "span_id": "0101010101010101",
                },
            }],
        },
        {
            "labels": r#"{app="a\\b\"c\n"}"#,
            "entries": [
                {
                    "time": 1_700_000_000_000_000_000_u64,
                    "line": "x",
                    "metadata": {"m": "1", "n": "2"},
                },
                {"time": 1, "line": long, "metadata": {}},
            ],
        },
    ]);
    assert_eq!(decode(&python, &bodies[0]), expected);
}
