//! A scripted OTLP/gRPC backend, and an exporter that sends to it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use headwater_core::bytes::Bytes;
use headwater_core::config::Optional;
use headwater_core::{Context, Signal};
use headwater_exporter_otlp_grpc::{Config, factory};
use headwater_exporting::{RetryConfig, SendingQueueConfig};
use headwater_testkit::ExporterSetup;
use headwater_transport::config::GrpcClientConfig;
use headwater_transport::grpc::{Request, Server, ServerOptions, UnaryHandler};
use headwater_transport::listen::{self, Transport};
use headwater_transport::{Serve as _, Status, Stopper};

const METHODS: [&str; 3] = [
    "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
];

/// How the backend answers one request.
pub(crate) enum Answer {
    Say(&'static [u8]),
    Fail(Status),
    Hang,
}

/// What came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) signal: Signal,
    pub(crate) bytes: Bytes,
    pub(crate) context: Context,
    pub(crate) at: Instant,
}

#[derive(Default)]
struct Script {
    answers: VecDeque<Answer>,
    received: Vec<Received>,
}

#[derive(Clone, Default)]
struct Handler(Arc<Mutex<Script>>);

impl UnaryHandler for Handler {
    async fn call(&self, request: Request) -> Result<Bytes, Status> {
        let answer = {
            let mut script = self.0.lock().unwrap();
            script.received.push(Received {
                signal: Signal::ALL[request.method],
                bytes: request.message,
                context: request.context,
                at: Instant::now(),
            });
            script.answers.pop_front().unwrap_or(Answer::Say(b""))
        };
        match answer {
            Answer::Say(bytes) => Ok(Bytes::from_static(bytes)),
            Answer::Fail(status) => Err(status),
            Answer::Hang => std::future::pending().await,
        }
    }
}

/// A running backend; stops when dropped. Takes everything unless it is told otherwise.
pub(crate) struct Backend {
    handler: Handler,
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
        let handler = Handler::default();
        let options = ServerOptions {
            include_metadata: true,
            ..ServerOptions::default()
        };
        let server = Server::new(METHODS.to_vec(), handler.clone(), options);
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

    pub(crate) fn received(&self) -> Vec<Received> {
        self.handler.0.lock().unwrap().received.clone()
    }
}

/// A plaintext client of `address` without compression, that tries again at once.
pub(crate) fn config(address: SocketAddr) -> Config {
    Config {
        client: GrpcClientConfig::insecure(address.to_string()),
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
