//! A started receiver in front of a recorder, and requests byte by byte.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_config::testing::decode;
use headwater_core::graph::Environment;
use headwater_core::pdata::{count_items, json};
use headwater_core::{Batch, Budget, ComponentKind, Outputs, Receiver, Signal};
use headwater_receiver_zipkin::{Config, factory};
use headwater_testkit::{Recorder, environment, host};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) const JSON: &str = "Content-Type: application/json\r\n";
pub(crate) const PROTOBUF: &str = "Content-Type: application/x-protobuf\r\n";
pub(crate) const THRIFT: &str = "Content-Type: application/x-thrift\r\n";

pub(crate) struct Setup {
    pub(crate) environment: Environment,
    pub(crate) recorder: Recorder,
    endpoint: String,
    receiver: Arc<dyn Receiver>,
}

/// The answer to one request.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Setup {
    /// `keys` are more keys of the configuration.
    pub(crate) async fn new(keys: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let endpoint = format!("127.0.0.1:{port}");
        let yaml = format!("{{endpoint: \"{endpoint}\"{keys}}}");
        let (config, _) = decode::<Config>(&yaml).unwrap();
        let mut environment = environment();
        environment.budget = Budget::new(1 << 30);
        let recorder = Recorder::new();
        let outputs = Outputs::new().with(Signal::Traces, Arc::new(recorder.clone()));
        let settings = environment.settings(ComponentKind::Receiver, &"zipkin".parse().unwrap());
        let receiver = factory()
            .build_receiver(settings, &config, outputs)
            .unwrap();
        receiver.start(&host()).await.unwrap();
        Self {
            environment,
            recorder,
            endpoint,
            receiver,
        }
    }

    pub(crate) async fn send(&self, line: &str, headers: &str, body: &[u8]) -> Answered {
        let mut stream = TcpStream::connect(&self.endpoint).await.unwrap();
        let head = format!(
            "{line} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body).await.unwrap();
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        tokio::time::timeout(Duration::from_secs(20), read)
            .await
            .unwrap()
            .unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        Answered {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_ascii_lowercase(),
            body: body.to_owned(),
        }
    }

    /// Posts a request that must be taken; the telemetry that it becomes, as OTLP/JSON.
    pub(crate) async fn taken(&self, path: &str, headers: &str, body: &[u8]) -> String {
        let answer = self.send(&format!("POST {path}"), headers, body).await;
        assert_eq!((answer.status, &*answer.body), (202, ""), "{answer:?}");
        to_json(self.recorder.batches().last().unwrap())
    }

    /// The same for v2 as JSON; single quotes stand for double ones.
    pub(crate) async fn v2(&self, body: &str) -> String {
        let body = body.replace('\'', "\"");
        self.taken("/api/v2/spans", JSON, body.as_bytes()).await
    }

    /// The same for v1.
    pub(crate) async fn v1(&self, body: &str) -> String {
        let body = body.replace('\'', "\"");
        self.taken("/api/v1/spans", JSON, body.as_bytes()).await
    }

    pub(crate) async fn stop(self) {
        let deadline = Instant::now() + Duration::from_secs(5);
        self.receiver.shutdown(deadline).await.unwrap();
        assert_eq!(self.environment.ledger.imbalance(), 0);
        drop((self.receiver, self.recorder));
        assert_eq!(
            self.environment.budget.held(),
            0,
            "every byte was given back"
        );
    }
}

/// A batch as OTLP/JSON with single quotes, without empty statuses; its count must be right.
fn to_json(batch: &Batch) -> String {
    let bytes = batch.payload().to_contiguous();
    assert_eq!(count_items(Signal::Traces, &bytes).unwrap(), batch.items());
    let mut text = Vec::new();
    json::to_json(Signal::Traces, batch.payload(), &mut text).unwrap();
    let text = String::from_utf8(text).unwrap().replace('"', "'");
    text.replace(",'status':{}", "")
}

/// The spans of a request, without resources and scopes.
pub(crate) fn spans(json: &str) -> &str {
    let start = json.find("'spans':[").unwrap() + "'spans':[".len();
    json[start..].strip_suffix("]}]}]}").unwrap()
}
