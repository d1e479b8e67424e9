//! An exporter with its page.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_core::graph::Environment;
use headwater_core::ledger::Balance;
use headwater_core::pdata::count_items;
use headwater_core::pdata::owned::{
    Gauge, Histogram, HistogramDataPoint, InstrumentationScope, KeyValue, Metric, MetricData,
    MetricsData, NumberDataPoint, NumberValue, Resource, ResourceMetrics, ScopeMetrics, Sum,
};
use headwater_core::{Batch, ComponentKind, Exporter, Signal};
use headwater_exporter_prometheus::{Config, factory};
use headwater_testkit::environment;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Some time, in milliseconds.
pub(crate) const T: u64 = 1_700_000_000_000;

pub(crate) struct Setup {
    pub(crate) environment: Environment,
    pub(crate) exporter: Arc<dyn Exporter>,
    address: SocketAddr,
}

impl Setup {
    pub(crate) async fn new(change: impl FnOnce(&mut Config)) -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let mut config = Config::default();
        config.server.address.endpoint = address.to_string();
        change(&mut config);
        let environment = environment();
        let id = "prometheus".parse().unwrap();
        let settings = environment.signal_settings(ComponentKind::Exporter, &id, Signal::Metrics);
        let exporter = factory().build_exporter(settings, &config).unwrap();
        exporter.start(&headwater_testkit::host()).await.unwrap();
        Self {
            environment,
            exporter,
            address,
        }
    }

    pub(crate) async fn send(&self, metrics: Vec<Metric>) {
        let data = MetricsData {
            resource_metrics: vec![ResourceMetrics {
                resource: Some(Resource {
                    attributes: attributes(&[
                        ("service.name", "api"),
                        ("service.instance.id", "i"),
                        ("host.name", "h"),
                    ]),
                    ..Resource::default()
                }),
                scope_metrics: vec![ScopeMetrics {
                    scope: Some(InstrumentationScope {
                        name: "lib".into(),
                        ..InstrumentationScope::default()
                    }),
                    metrics,
                    ..ScopeMetrics::default()
                }],
                ..ResourceMetrics::default()
            }],
            ..MetricsData::default()
        };
        let bytes = data.encode();
        let items = count_items(Signal::Metrics, &bytes).unwrap();
        let batch = Batch::new(Signal::Metrics, bytes, items);
        self.exporter.consume(batch).await.unwrap();
        assert_eq!(self.ledger().imbalance(), 0, "{:?}", self.ledger());
    }

    pub(crate) fn ledger(&self) -> Balance {
        let mut balances = self.environment.ledger.balances();
        balances.pop_first().unwrap().1
    }

    /// Status and headers, and the body.
    pub(crate) async fn get(&self, path: &str, headers: &str) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.0\r\nHost: x\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let reading = stream.read_to_end(&mut answer);
        tokio::time::timeout(Duration::from_secs(20), reading)
            .await
            .unwrap()
            .unwrap();
        let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        let body = answer.split_off(end + 4);
        (String::from_utf8(answer).unwrap().to_lowercase(), body)
    }

    /// The lines of the page, without those of `target_info`.
    pub(crate) async fn page(&self, headers: &str) -> Vec<String> {
        let (head, body) = self.get("/metrics", headers).await;
        assert!(
            head.starts_with("http/1.0 200") || head.starts_with("http/1.1 200"),
            "{head}"
        );
        String::from_utf8(body)
            .unwrap()
            .lines()
            .filter(|line| !line.contains("target_info"))
            .map(str::to_owned)
            .collect()
    }

    pub(crate) async fn stop(&self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        self.exporter.shutdown(deadline).await.unwrap();
    }
}

pub(crate) fn attributes(pairs: &[(&str, &str)]) -> Vec<KeyValue> {
    pairs
        .iter()
        .map(|(key, value)| KeyValue::new(*key, *value))
        .collect()
}

/// A value at `at`, counted since `start`.
pub(crate) fn point(start: u64, at: u64, value: f64, pairs: &[(&str, &str)]) -> NumberDataPoint {
    NumberDataPoint {
        attributes: attributes(pairs),
        start_time_unix_nano: start * 1_000_000,
        time_unix_nano: at * 1_000_000,
        value: Some(NumberValue::Double(value)),
        ..NumberDataPoint::default()
    }
}

pub(crate) fn metric(name: &str, unit: &str, data: MetricData) -> Metric {
    Metric {
        name: name.into(),
        description: "What it is".into(),
        unit: unit.into(),
        data: Some(data),
        ..Metric::default()
    }
}

pub(crate) fn gauge(name: &str, points: Vec<NumberDataPoint>) -> Metric {
    let data = MetricData::Gauge(Gauge {
        data_points: points,
        ..Gauge::default()
    });
    metric(name, "", data)
}

pub(crate) fn sum(name: &str, temporality: i32, points: Vec<NumberDataPoint>) -> Metric {
    let data = MetricData::Sum(Sum {
        data_points: points,
        aggregation_temporality: temporality,
        is_monotonic: true,
        ..Sum::default()
    });
    metric(name, "s", data)
}

pub(crate) fn histogram(name: &str, temporality: i32, point: HistogramDataPoint) -> Metric {
    let data = MetricData::Histogram(Histogram {
        data_points: vec![point],
        aggregation_temporality: temporality,
        ..Histogram::default()
    });
    metric(name, "", data)
}
