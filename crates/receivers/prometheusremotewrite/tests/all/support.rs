//! A receiver, and a client that writes to it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_core::graph::Environment;
use headwater_core::ledger::Balance;
use headwater_core::pdata::owned::{Metric, MetricsData, ResourceMetrics};
use headwater_core::{ComponentKind, Outputs, Receiver, Signal};
use headwater_prometheus::remote_write::encode::{put_label, put_sample, put_series};
use headwater_prometheus::remote_write::{Compressor, Message};
use headwater_receiver_prometheusremotewrite::{Config, factory};
use headwater_testkit::{Recorder, environment, metric};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Some time, in milliseconds.
pub(crate) const T: i64 = 1_700_000_000_000;

pub(crate) struct Setup {
    pub(crate) recorder: Recorder,
    pub(crate) environment: Environment,
    receiver: Arc<dyn Receiver>,
    address: SocketAddr,
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

    /// Samples, histograms and exemplars written.
    pub(crate) fn written(&self) -> [&str; 3] {
        ["samples", "histograms", "exemplars"]
            .map(|what| self.header(&format!("x-prometheus-remote-write-{what}-written")))
    }
}

impl Setup {
    pub(crate) async fn new() -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let mut config = Config::default();
        config.server.address.endpoint = address.to_string();
        let environment = environment();
        let id = "prometheusremotewrite".parse().unwrap();
        let settings = environment.settings(ComponentKind::Receiver, &id);
        let recorder = Recorder::new();
        let outputs = Outputs::new().with(Signal::Metrics, Arc::new(recorder.clone()));
        let receiver = factory()
            .build_receiver(settings, &config, outputs)
            .unwrap();
        receiver.start(&headwater_testkit::host()).await.unwrap();
        Self {
            recorder,
            environment,
            receiver,
            address,
        }
    }

    pub(crate) async fn write(&self, message: Message, plain: &[u8]) -> Answer {
        let body = Compressor::default().compress(plain).unwrap();
        let headers = format!(
            "Content-Type: {}\r\nContent-Encoding: snappy\r\n",
            message.content_type()
        );
        self.post("/api/v1/write", &headers, &body).await
    }

    pub(crate) async fn post(&self, path: &str, headers: &str, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.0\r\nHost: x\r\n{headers}Content-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body).await.unwrap();
        let mut answer = Vec::new();
        let reading = stream.read_to_end(&mut answer);
        tokio::time::timeout(Duration::from_secs(20), reading)
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

    /// The resources of all batches that came.
    pub(crate) fn resources(&self) -> Vec<ResourceMetrics> {
        let mut all = Vec::new();
        for batch in self.recorder.batches() {
            let bytes = batch.payload().to_contiguous();
            let counted = headwater_core::pdata::count_items(Signal::Metrics, &bytes).unwrap();
            assert_eq!(counted, batch.items());
            all.extend(MetricsData::decode(&bytes).unwrap().resource_metrics);
        }
        all
    }

    pub(crate) fn metrics(&self) -> Vec<Metric> {
        let resources = self.resources().into_iter();
        resources
            .flat_map(|resource| resource.scope_metrics)
            .flat_map(|scope| scope.metrics)
            .collect()
    }

    pub(crate) fn metric(&self, name: &str) -> f64 {
        metric(
            &self.environment,
            &format!("otelcol_receiver_{name}_metric_points"),
        )
    }

    pub(crate) fn ledger(&self) -> Balance {
        let mut balances = self.environment.ledger.balances();
        balances.pop_first().unwrap().1
    }

    pub(crate) async fn stop(&self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        self.receiver.shutdown(deadline).await.unwrap();
        assert_eq!(self.ledger().imbalance(), 0);
    }
}

/// A request of 1.0 with these series, each of one sample.
pub(crate) fn v1(series: &[(&[(&str, &str)], f64)]) -> Vec<u8> {
    let mut request = Vec::new();
    for (labels, value) in series {
        let (mut encoded, mut rest) = (Vec::new(), Vec::new());
        for (name, value) in *labels {
            put_label(&mut encoded, name, value);
        }
        put_sample(&mut rest, Message::V1, value.to_bits(), T, 0);
        put_series(&mut request, Message::V1, &encoded, &rest);
    }
    request
}
