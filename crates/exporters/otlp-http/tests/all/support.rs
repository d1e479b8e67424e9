//! A scripted OTLP/HTTP backend, and an exporter that sends to it.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use headwater_core::bytes::Bytes;
use headwater_core::config::Optional;
use headwater_core::graph::Environment;
use headwater_core::ledger::Balance;
use headwater_core::{
    Batch, Budget, ComponentId, ComponentKind, Exporter, Extension, Host, Signal,
};
use headwater_exporter_otlp_http::{Config, factory};
use headwater_exporting::{RetryConfig, SendingQueueConfig};
use headwater_testkit::{Generator, Shape, environment, host_with, metric};
use headwater_transport::config::{CompressionType, HttpClientConfig};
use headwater_transport::http::{Handler, Request, Response, Server, ServerOptions};
use headwater_transport::listen::{self, Transport};
use headwater_transport::{Serve as _, Stopper};
use http::{HeaderMap, StatusCode};

/// Nothing on loopback takes this long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// How the backend answers one request.
pub(crate) enum Answer {
    Say(Response),
    Hang,
}

/// What came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) at: Instant,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

#[derive(Default)]
struct Script {
    answers: VecDeque<Answer>,
    received: Vec<Received>,
}

#[derive(Clone, Default)]
struct Scripted(Arc<Mutex<Script>>);

impl Handler for Scripted {
    async fn call(&self, request: Request) -> Response {
        let answer = {
            let mut script = self.0.lock().unwrap();
            script.received.push(Received {
                path: request.uri.to_string(),
                headers: request.headers,
                body: request.body,
                at: Instant::now(),
            });
            script.answers.pop_front()
        };
        match answer {
            None => Response::empty(StatusCode::OK),
            Some(Answer::Say(response)) => response,
            Some(Answer::Hang) => std::future::pending().await,
        }
    }
}

/// A running backend; stops when dropped. Takes everything unless it is told otherwise.
pub(crate) struct Backend {
    handler: Scripted,
    pub(crate) address: SocketAddr,
    _stopper: Stopper,
}

impl Backend {
    pub(crate) fn start() -> Self {
        Self::start_on("127.0.0.1:0")
    }

    pub(crate) fn start_on(endpoint: &str) -> Self {
        let bound = listen::bind(Transport::Tcp, endpoint, 1).unwrap();
        let address = bound.local_addr().tcp().unwrap();
        let listener = bound.split(1).unwrap().remove(0).into_listener().unwrap();
        let handler = Scripted::default();
        let server = Server::new(handler.clone(), ServerOptions::default());
        let stopper = Stopper::default();
        tokio::spawn(server.serve(listener, stopper.stop()));
        Self {
            handler,
            address,
            _stopper: stopper,
        }
    }

    pub(crate) fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.handler.0.lock().unwrap().answers.extend(answers);
    }

    pub(crate) fn say(&self, answers: impl IntoIterator<Item = Response>) {
        self.answer(answers.into_iter().map(Answer::Say));
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.handler.0.lock().unwrap().received.clone()
    }
}

/// A client of `address` without compression, that tries again at once.
pub(crate) fn config(address: SocketAddr) -> Config {
    Config {
        client: HttpClientConfig {
            compression: CompressionType::None,
            endpoint: format!("http://{address}"),
            ..Config::default().client
        },
        sending_queue: Optional::Some(SendingQueueConfig {
            num_consumers: 1,
            ..SendingQueueConfig::default()
        }),
        retry_on_failure: RetryConfig {
            initial_interval: Duration::from_millis(1),
            max_interval: Duration::from_millis(1),
            ..RetryConfig::default()
        },
        ..Config::default()
    }
}

/// An exporter with its surroundings.
pub(crate) struct Setup {
    pub(crate) environment: Environment,
    pub(crate) exporter: Arc<dyn Exporter>,
    generator: Generator,
    signal: Signal,
}

impl Setup {
    pub(crate) async fn new(signal: Signal, config: Config) -> Self {
        let setup = Self::built(signal, &config);
        let host = headwater_testkit::host();
        setup.exporter.start(&host).await.unwrap();
        setup
    }

    pub(crate) fn built(signal: Signal, config: &Config) -> Self {
        let environment = environment();
        let id = "otlp_http".parse().unwrap();
        let settings = environment.signal_settings(ComponentKind::Exporter, &id, signal);
        let exporter = factory().build_exporter(settings, config).unwrap();
        Self {
            environment,
            exporter,
            generator: Generator::new(3),
            signal,
        }
    }

    pub(crate) fn request(&mut self, items: usize) -> Batch {
        let bytes = self.generator.request(self.signal, Shape::of(items));
        Batch::new(self.signal, Bytes::from(bytes), items)
    }

    pub(crate) async fn send(&mut self, items: usize) -> Bytes {
        let batch = self.request(items);
        let bytes = batch.payload().to_contiguous();
        self.exporter.consume(batch).await.unwrap();
        bytes
    }

    pub(crate) async fn eventually(&self, what: &str, condition: impl Fn(&Balance) -> bool) {
        let waiting = async {
            while !condition(&self.ledger()) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, waiting).await;
        assert!(in_time.is_ok(), "{what}: {:?}", self.ledger());
    }

    /// Waits until every item has been sent or given up.
    pub(crate) async fn done(&self) {
        self.eventually("done", |books| books.held == 0).await;
    }

    pub(crate) async fn stop_within(&self, time: Duration) {
        self.exporter.shutdown(Instant::now() + time).await.unwrap();
        assert_eq!(self.ledger().held, 0);
        assert_eq!(self.ledger().imbalance(), 0, "{:?}", self.ledger());
    }

    pub(crate) async fn stop(&self) {
        self.stop_within(PATIENCE).await;
    }

    pub(crate) fn ledger(&self) -> Balance {
        let mut balances = self.environment.ledger.balances();
        balances.pop_first().unwrap().1
    }

    pub(crate) fn metric(&self, name: &str) -> f64 {
        metric(&self.environment, &format!("otelcol_exporter_{name}"))
    }
}

/// A host with one extension.
pub(crate) fn host_with_extension(id: &str, extension: Arc<dyn Extension>) -> Host {
    let id: ComponentId = id.parse().unwrap();
    host_with(BTreeMap::from([(id, extension)]), Budget::default())
}
