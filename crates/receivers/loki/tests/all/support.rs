//! A receiver, and a client that pushes to it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_core::config::Optional;
use headwater_core::graph::Environment;
use headwater_core::ledger::Balance;
use headwater_core::pdata::view::LogsData;
use headwater_core::{ComponentKind, Outputs, Receiver, Signal};
use headwater_loki::push::from_json;
use headwater_loki::snappy::Compressor;
use headwater_receiver_loki::{Config, factory};
use headwater_testkit::{Recorder, environment, metric};
use headwater_transport::config::{GrpcServerConfig, HttpServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Nothing on loopback takes this long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Setup {
    pub(crate) recorder: Recorder,
    pub(crate) environment: Environment,
    receiver: Arc<dyn Receiver>,
    pub(crate) http: SocketAddr,
    pub(crate) grpc: SocketAddr,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.head
            .lines()
            .find_map(|line| line.split_once(": ").filter(|(known, _)| *known == name))
            .map_or("", |(_, value)| value)
    }
}

fn free() -> SocketAddr {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    free.local_addr().unwrap()
}

impl Setup {
    pub(crate) async fn new(change: impl FnOnce(&mut Config)) -> Self {
        let (http, grpc) = (free(), free());
        let mut config = Config::default();
        config.protocols.http = Optional::Some(HttpServerConfig::new(http.to_string()));
        config.protocols.grpc = Optional::Some(GrpcServerConfig::new(grpc.to_string()));
        change(&mut config);
        let environment = environment();
        let id = "loki".parse().unwrap();
        let settings = environment.settings(ComponentKind::Receiver, &id);
        let recorder = Recorder::new();
        let outputs = Outputs::new().with(Signal::Logs, Arc::new(recorder.clone()));
        let receiver = factory()
            .build_receiver(settings, &config, outputs)
            .unwrap();
        receiver.start(&headwater_testkit::host()).await.unwrap();
        Self {
            recorder,
            environment,
            receiver,
            http,
            grpc,
        }
    }

    pub(crate) async fn request(&self, head: &str, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.http).await.unwrap();
        let (line, headers) = head.split_once("\r\n").unwrap_or((head, ""));
        let head = format!(
            "{line} HTTP/1.0\r\nHost: x\r\nContent-Length: {}\r\n{headers}\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body).await.unwrap();
        let mut answer = Vec::new();
        let reading = stream.read_to_end(&mut answer);
        tokio::time::timeout(PATIENCE, reading)
            .await
            .unwrap()
            .unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_lowercase(),
            body: body.to_owned(),
        }
    }

    /// Posts JSON.
    pub(crate) async fn push(&self, json: &str) -> Answer {
        let head = "POST /loki/api/v1/push\r\nContent-Type: application/json; charset=utf-8\r\n";
        self.request(head, json.as_bytes()).await
    }

    /// Every record that came: attributes of resource and record, body, whether the time is that of
    /// its entry.
    pub(crate) fn records(&self) -> Vec<String> {
        let mut all = Vec::new();
        for batch in self.recorder.batches() {
            let bytes = batch.payload().to_contiguous();
            let counted = headwater_core::pdata::count_items(Signal::Logs, &bytes).unwrap();
            assert_eq!(counted, batch.items());
            for entry in LogsData::new(&bytes).resource_logs() {
                let resource = entry.resource().attributes().to_string();
                for scope in entry.scope_logs() {
                    for record in scope.log_records() {
                        assert!(record.observed_time_unix_nano() > 1_600_000_000_000_000_000);
                        let arrival = record.time_unix_nano() == record.observed_time_unix_nano();
                        let time = if arrival { 0 } else { record.time_unix_nano() };
                        all.push(format!(
                            "{resource} {} {} {time}",
                            record.attributes(),
                            record.body()
                        ));
                    }
                }
            }
        }
        all
    }

    pub(crate) fn ledger(&self) -> Balance {
        let mut balances = self.environment.ledger.balances();
        balances.pop_first().unwrap().1
    }

    pub(crate) fn metric(&self, name: &str) -> f64 {
        metric(&self.environment, &format!("otelcol_receiver_{name}"))
    }

    pub(crate) async fn stop(&self) {
        let deadline = Instant::now() + PATIENCE;
        self.receiver.shutdown(deadline).await.unwrap();
        assert_eq!(self.ledger().imbalance(), 0);
    }
}

/// A push message of what JSON says.
pub(crate) fn protobuf(json: &str) -> Vec<u8> {
    from_json(json.as_bytes()).unwrap()
}

/// The same compressed with snappy.
pub(crate) fn snappy(json: &str) -> Vec<u8> {
    Compressor::default().compress(&protobuf(json)).unwrap()
}
