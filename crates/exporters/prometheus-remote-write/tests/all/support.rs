//! A scripted receiver of remote write, and an exporter that sends to it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use headwater_core::pdata::owned::{
    Gauge, KeyValue, Metric, MetricData, MetricsData, NumberDataPoint, NumberValue, Resource,
    ResourceMetrics, ScopeMetrics, Sum,
};
use headwater_core::{Batch, Signal};
use headwater_exporter_prometheus_remote_write::{Config, factory};
use headwater_exporting::RetryConfig;
use headwater_prometheus::remote_write::{
    EXEMPLARS_WRITTEN, HISTOGRAMS_WRITTEN, Message, SAMPLES_WRITTEN, Series, read,
};
use headwater_testkit::{ExporterSetup, Script};
use headwater_transport::http::{Handler, Request, Response, Server, ServerOptions};
use headwater_transport::listen::{self, Transport};
use headwater_transport::{Serve as _, Stopper};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// Some time, in milliseconds.
pub(crate) const T: u64 = 1_700_000_000_000;

/// What came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) at: Instant,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn message(&self) -> Message {
        Message::from_content_type(self.header("content-type")).unwrap()
    }

    /// Visits each series.
    pub(crate) fn visit(&self, each: impl FnMut(&Series<'_>)) {
        read(self.message(), &self.body, each, |_| {}).unwrap();
    }

    /// Labels of each series with its samples.
    pub(crate) fn series(&self) -> BTreeMap<String, Vec<(i64, f64)>> {
        let mut all = BTreeMap::new();
        self.visit(|series| {
            let labels: Vec<_> = series
                .labels
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            let samples = series.samples.iter().map(|s| (s.timestamp, s.value));
            let before = all.insert(labels.join(","), samples.collect());
            assert!(before.is_none(), "a series occurs twice in a request");
        });
        all
    }
}

#[derive(Clone)]
struct Scripted {
    script: Script<Received, Response>,
    knows_v2: bool,
}

/// What a receiver of 2.0 says when it has written everything.
pub(crate) fn written(status: StatusCode, counts: [usize; 3]) -> Response {
    let names = [SAMPLES_WRITTEN, HISTOGRAMS_WRITTEN, EXEMPLARS_WRITTEN];
    names
        .into_iter()
        .zip(counts)
        .fold(Response::empty(status), |response, (name, count)| {
            response.with_header(HeaderName::from_static(name), HeaderValue::from(count))
        })
}

impl Handler for Scripted {
    async fn call(&self, request: Request) -> Response {
        let received = Received {
            method: request.method.to_string(),
            path: request.uri.to_string(),
            headers: request.headers,
            body: request.body.to_vec(),
            at: Instant::now(),
        };
        let (mut counts, message) = ([0; 3], received.message());
        received.visit(|series| {
            counts[0] += series.samples.len();
            counts[1] += series.histograms.len();
            counts[2] += series.exemplars.len();
        });
        match (self.script.take(received), message) {
            (Some(answer), _) => answer,
            (None, Message::V2) if self.knows_v2 => written(StatusCode::NO_CONTENT, counts),
            (None, Message::V2) => Response::empty(StatusCode::UNSUPPORTED_MEDIA_TYPE),
            (None, Message::V1) => Response::empty(StatusCode::NO_CONTENT),
        }
    }
}

/// A running receiver; stops when dropped. Takes everything unless it is told otherwise.
pub(crate) struct Backend {
    script: Script<Received, Response>,
    pub(crate) address: SocketAddr,
    _stopper: Stopper,
}

impl Backend {
    /// A receiver of 1.0 and 2.0.
    pub(crate) fn start() -> Self {
        Self::knowing_v2("127.0.0.1:0", true)
    }

    pub(crate) fn knowing_v2(endpoint: &str, knows_v2: bool) -> Self {
        let bound = listen::bind(Transport::Tcp, endpoint, 1).unwrap();
        let address = bound.local_addr().tcp().unwrap();
        let listener = bound.split(1).unwrap().remove(0).into_listener().unwrap();
        let script = Script::new();
        let handler = Scripted {
            script: script.clone(),
            knows_v2,
        };
        // It takes snappy's block format, and hands out what was in it.
        let server = Server::new(handler, ServerOptions::default());
        let stopper = Stopper::default();
        tokio::spawn(server.serve(listener, stopper.stop()));
        Self {
            script,
            address,
            _stopper: stopper,
        }
    }

    pub(crate) fn say(&self, answers: impl IntoIterator<Item = Response>) {
        self.script.say(answers);
    }

    pub(crate) fn say_status(&self, answers: impl IntoIterator<Item = u16>) {
        let status = |code| Response::empty(StatusCode::from_u16(code).unwrap());
        self.say(answers.into_iter().map(status));
    }

    /// Answers what is not scripted.
    pub(crate) fn judge(&self, judge: impl Fn(&Received) -> Option<Response> + Send + 'static) {
        self.script.judge(judge);
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.script.received()
    }

    pub(crate) async fn wait_for(&self, requests: usize) -> Vec<Received> {
        self.script.wait_for(requests).await
    }
}

/// A client of `address` that tries again at once.
pub(crate) fn config(address: SocketAddr) -> Config {
    let mut config = Config {
        retry_on_failure: RetryConfig {
            initial_interval: Duration::from_millis(1),
            max_interval: Duration::from_millis(5),
            ..RetryConfig::default()
        },
        ..Config::default()
    };
    config.client.endpoint = format!("http://{address}/api/v1/write");
    config
}

/// Built and started.
pub(crate) async fn started(config: &Config) -> ExporterSetup {
    ExporterSetup::started(&factory(), Signal::Metrics, config).await
}

pub(crate) fn attributes(pairs: &[(&str, &str)]) -> Vec<KeyValue> {
    pairs
        .iter()
        .map(|(key, value)| KeyValue::new(*key, *value))
        .collect()
}

pub(crate) fn point(at: u64, value: f64, pairs: &[(&str, &str)]) -> NumberDataPoint {
    NumberDataPoint {
        attributes: attributes(pairs),
        start_time_unix_nano: (T - 1000) * 1_000_000,
        time_unix_nano: at * 1_000_000,
        value: Some(NumberValue::Double(value)),
        ..NumberDataPoint::default()
    }
}

pub(crate) fn gauge(name: &str, points: Vec<NumberDataPoint>) -> Metric {
    Metric {
        name: name.into(),
        data: Some(MetricData::Gauge(Gauge {
            data_points: points,
            ..Gauge::default()
        })),
        ..Metric::default()
    }
}

pub(crate) fn sum(name: &str, temporality: i32, points: Vec<NumberDataPoint>) -> Metric {
    Metric {
        name: name.into(),
        description: "How many".into(),
        unit: "s".into(),
        data: Some(MetricData::Sum(Sum {
            data_points: points,
            aggregation_temporality: temporality,
            is_monotonic: true,
            ..Sum::default()
        })),
        ..Metric::default()
    }
}

/// A batch of `items` points of the service `api`.
pub(crate) fn batch(items: usize, metrics: Vec<Metric>) -> Batch {
    let data = MetricsData {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(Resource {
                attributes: attributes(&[("service.name", "api")]),
                ..Resource::default()
            }),
            scope_metrics: vec![ScopeMetrics {
                metrics,
                ..ScopeMetrics::default()
            }],
            ..ResourceMetrics::default()
        }],
        ..MetricsData::default()
    };
    let bytes = data.encode();
    let counted = headwater_core::pdata::count_items(Signal::Metrics, &bytes).unwrap();
    assert_eq!(counted, items);
    Batch::new(Signal::Metrics, bytes, items)
}

/// One point of the gauge `m`.
pub(crate) fn one(at: u64, value: f64) -> Batch {
    batch(1, vec![gauge("m", vec![point(at, value, &[])])])
}

/// The gauge `m` in `series` series.
pub(crate) fn many(at: u64, series: usize) -> Batch {
    let points = (0..series)
        .map(|n| point(at, n as f64, &[("n", &n.to_string())]))
        .collect();
    batch(series, vec![gauge("m", points)])
}
