//! A scripted OTLP/HTTP backend, and an exporter that sends to it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use headwater_core::Signal;
use headwater_core::bytes::Bytes;
use headwater_core::config::Optional;
use headwater_exporter_otlp_http::{Config, factory};
use headwater_exporting::{RetryConfig, SendingQueueConfig};
use headwater_testkit::ExporterSetup;
use headwater_transport::config::{CompressionType, HttpClientConfig};
use headwater_transport::http::{Handler, Request, Response, Server, ServerOptions};
use headwater_transport::listen::{self, Transport};
use headwater_transport::{Serve as _, Stopper};
use http::{HeaderMap, StatusCode};

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

/// Built and started.
pub(crate) async fn started(signal: Signal, config: Config) -> ExporterSetup {
    ExporterSetup::started(&factory(), signal, &config).await
}

/// Not started.
pub(crate) fn built(signal: Signal, config: &Config) -> ExporterSetup {
    ExporterSetup::built(&factory(), signal, config)
}
