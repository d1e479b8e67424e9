//! A scripted Tempo, over gRPC and HTTP, and an exporter that sends to it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use headwater_core::bytes::Bytes;
use headwater_core::graph::Environment;
use headwater_core::ledger::Balance;
use headwater_core::pdata::owned::{
    KeyValue, Resource, ResourceSpans, ScopeSpans, Span, TracesData,
};
use headwater_core::{Batch, ComponentKind, Exporter, Signal};
use headwater_exporter_tempo::{Config, factory};
use headwater_exporting::RetryConfig;
use headwater_testkit::{environment, metric};
use headwater_transport::config::{GrpcClientConfig, HttpClientConfig};
use headwater_transport::listen::{self, Transport};
use headwater_transport::{Serve as _, Status, Stopper, grpc, http};

/// Nothing on loopback takes this long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What came: the tenant, and the names of the spans.
pub(crate) type Received = (String, Vec<String>);

type Judge = Box<dyn Fn(&Received, usize) -> Option<Status> + Send>;

#[derive(Default)]
struct Script {
    answers: VecDeque<Status>,
    judge: Option<Judge>,
    received: Vec<Received>,
    paths: Vec<String>,
}

#[derive(Clone, Default)]
struct Scripted(Arc<Mutex<Script>>);

impl Scripted {
    fn take(&self, body: &Bytes, tenant: String) -> Result<(), Status> {
        let data = TracesData::decode(body).unwrap();
        let spans = data
            .resource_spans
            .iter()
            .flat_map(|resource| &resource.scope_spans)
            .flat_map(|scope| &scope.spans);
        let names = spans.map(|span| span.name.to_string()).collect();
        let received = (tenant, names);
        let mut script = self.0.lock().unwrap();
        let judged = script
            .judge
            .as_ref()
            .and_then(|judge| judge(&received, body.len()));
        script.received.push(received);
        script.answers.pop_front().or(judged).map_or(Ok(()), Err)
    }
}

impl grpc::UnaryHandler for Scripted {
    async fn call(&self, request: grpc::Request) -> Result<Bytes, Status> {
        let tenant = request.context.header("x-scope-orgid");
        let tenant = tenant.first().map(|tenant| tenant.to_string());
        self.take(&request.message, tenant.unwrap_or_default())?;
        Ok(Bytes::new())
    }
}

impl http::Handler for Scripted {
    async fn call(&self, request: http::Request) -> http::Response {
        let tenant = request.headers.get("x-scope-orgid");
        let tenant = tenant.map_or("", |tenant| tenant.to_str().unwrap());
        self.0.lock().unwrap().paths.push(request.uri.to_string());
        match self.take(&request.body, tenant.to_owned()) {
            Ok(()) => http::Response::empty(::http::StatusCode::OK),
            Err(status) => http::Response::text(
                http::status::from_code(status.code()),
                status.message().to_owned(),
            ),
        }
    }
}

/// A running Tempo; stops when dropped. Takes everything unless it is told otherwise.
pub(crate) struct Backend {
    handler: Scripted,
    pub(crate) address: SocketAddr,
    _stopper: Stopper,
}

impl Backend {
    fn listener() -> (SocketAddr, listen::Listener) {
        let bound = listen::bind(Transport::Tcp, "127.0.0.1:0", 1).unwrap();
        let address = bound.local_addr().tcp().unwrap();
        (
            address,
            bound.split(1).unwrap().remove(0).into_listener().unwrap(),
        )
    }

    pub(crate) fn grpc() -> Self {
        let (address, listener) = Self::listener();
        let handler = Scripted::default();
        let options = grpc::ServerOptions {
            include_metadata: true,
            ..grpc::ServerOptions::default()
        };
        let methods = vec!["/opentelemetry.proto.collector.trace.v1.TraceService/Export"];
        let server = grpc::Server::new(methods, handler.clone(), options);
        let stopper = Stopper::default();
        tokio::spawn(server.serve(listener, stopper.stop()));
        Self {
            handler,
            address,
            _stopper: stopper,
        }
    }

    pub(crate) fn http() -> Self {
        let (address, listener) = Self::listener();
        let handler = Scripted::default();
        let server = http::Server::new(handler.clone(), http::ServerOptions::default());
        let stopper = Stopper::default();
        tokio::spawn(server.serve(listener, stopper.stop()));
        Self {
            handler,
            address,
            _stopper: stopper,
        }
    }

    pub(crate) fn say(&self, answers: impl IntoIterator<Item = Status>) {
        self.handler.0.lock().unwrap().answers.extend(answers);
    }

    /// Answers what is not scripted.
    pub(crate) fn judge(
        &self,
        judge: impl Fn(&Received, usize) -> Option<Status> + Send + 'static,
    ) {
        self.handler.0.lock().unwrap().judge = Some(Box::new(judge));
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.handler.0.lock().unwrap().received.clone()
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        self.handler.0.lock().unwrap().paths.clone()
    }
}

/// An exporter to a backend that tries again at once.
pub(crate) fn config(backend: &Backend) -> Config {
    Config {
        client: GrpcClientConfig::insecure(backend.address.to_string()),
        retry_on_failure: RetryConfig {
            initial_interval: Duration::from_millis(1),
            max_interval: Duration::from_millis(5),
            ..RetryConfig::default()
        },
        ..Config::default()
    }
}

pub(crate) fn over_http(backend: &Backend) -> Config {
    let endpoint = format!("http://{}", backend.address);
    Config {
        client: GrpcClientConfig::default(),
        http: headwater_core::config::Optional::Some(HttpClientConfig::new(endpoint)),
        ..config(backend)
    }
}

/// An exporter with its surroundings.
pub(crate) struct Setup {
    pub(crate) environment: Environment,
    pub(crate) exporter: Arc<dyn Exporter>,
}

impl Setup {
    pub(crate) async fn new(config: &Config) -> Self {
        let environment = environment();
        let id = "tempo".parse().unwrap();
        let settings = environment.signal_settings(ComponentKind::Exporter, &id, Signal::Traces);
        let exporter = factory().build_exporter(settings, config).unwrap();
        exporter.start(&headwater_testkit::host()).await.unwrap();
        Self {
            environment,
            exporter,
        }
    }

    pub(crate) async fn send(&self, batch: Batch) {
        self.exporter.consume(batch).await.unwrap();
    }

    /// Waits until every item has been sent or given up, and shuts down.
    pub(crate) async fn done(&self) -> Balance {
        let waiting = async {
            while self.ledger().held != 0 || self.ledger().received == 0 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, waiting).await;
        assert!(in_time.is_ok(), "{:?}", self.ledger());
        let deadline = Instant::now() + PATIENCE;
        self.exporter.shutdown(deadline).await.unwrap();
        let ledger = self.ledger();
        assert_eq!((ledger.held, ledger.imbalance()), (0, 0), "{ledger:?}");
        ledger
    }

    pub(crate) fn ledger(&self) -> Balance {
        let mut balances = self.environment.ledger.balances();
        balances.pop_first().unwrap().1
    }

    pub(crate) fn metric(&self, name: &str) -> f64 {
        metric(&self.environment, &format!("otelcol_exporter_tempo_{name}"))
    }
}

/// A span of a trace.
pub(crate) fn span(trace: u8, name: &str) -> Span {
    Span {
        trace_id: vec![trace; 16].into(),
        span_id: vec![1; 8].into(),
        name: name.into(),
        ..Span::default()
    }
}

pub(crate) fn resource(team: &str, spans: Vec<Span>) -> ResourceSpans {
    ResourceSpans {
        resource: Some(Resource {
            attributes: vec![KeyValue::new("team", team)],
            ..Resource::default()
        }),
        scope_spans: vec![ScopeSpans {
            spans,
            ..ScopeSpans::default()
        }],
        ..ResourceSpans::default()
    }
}

pub(crate) fn batch(resource_spans: Vec<ResourceSpans>) -> Batch {
    let data = TracesData {
        resource_spans,
        ..TracesData::default()
    };
    let bytes = data.encode();
    let items = headwater_core::pdata::count_items(Signal::Traces, &bytes).unwrap();
    Batch::new(Signal::Traces, bytes, items)
}
