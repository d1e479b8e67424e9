//! A scripted Tempo, over gRPC and HTTP, and an exporter that sends to it.

use std::net::SocketAddr;
use std::time::Duration;

use headwater_core::bytes::Bytes;
use headwater_core::pdata::owned::{
    KeyValue, Resource, ResourceSpans, ScopeSpans, Span, TracesData,
};
use headwater_core::{Batch, Signal};
use headwater_exporter_tempo::{Config, factory};
use headwater_exporting::RetryConfig;
use headwater_testkit::{ExporterSetup, Script};
use headwater_transport::config::{GrpcClientConfig, HttpClientConfig};
use headwater_transport::listen::{self, Transport};
use headwater_transport::{Serve as _, Status, Stopper, grpc, http};

/// What came: the tenant, and the names of the spans.
pub(crate) type Received = (String, Vec<String>);

/// The same, and how it came.
#[derive(Clone)]
struct Seen {
    received: Received,
    bytes: usize,
    /// Over HTTP only.
    path: Option<String>,
}

#[derive(Clone)]
struct Scripted(Script<Seen, Status>);

impl Scripted {
    fn take(&self, body: &Bytes, tenant: String, path: Option<String>) -> Result<(), Status> {
        let data = TracesData::decode(body).unwrap();
        let spans = data
            .resource_spans
            .iter()
            .flat_map(|resource| &resource.scope_spans)
            .flat_map(|scope| &scope.spans);
        let names = spans.map(|span| span.name.to_string()).collect();
        let answer = self.0.take(Seen {
            received: (tenant, names),
            bytes: body.len(),
            path,
        });
        answer.map_or(Ok(()), Err)
    }
}

impl grpc::UnaryHandler for Scripted {
    async fn call(&self, request: grpc::Request) -> Result<Bytes, Status> {
        let tenant = request.context.header("x-scope-orgid");
        let tenant = tenant.first().map(|tenant| tenant.to_string());
        self.take(&request.message, tenant.unwrap_or_default(), None)?;
        Ok(Bytes::new())
    }
}

impl http::Handler for Scripted {
    async fn call(&self, request: http::Request) -> http::Response {
        let tenant = request.headers.get("x-scope-orgid");
        let tenant = tenant.map_or("", |tenant| tenant.to_str().unwrap());
        let path = Some(request.uri.to_string());
        match self.take(&request.body, tenant.to_owned(), path) {
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
    script: Script<Seen, Status>,
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
        let script = Script::new();
        let options = grpc::ServerOptions {
            include_metadata: true,
            ..grpc::ServerOptions::default()
        };
        let methods = vec!["/opentelemetry.proto.collector.trace.v1.TraceService/Export"];
        let server = grpc::Server::new(methods, Scripted(script.clone()), options);
        let stopper = Stopper::default();
        tokio::spawn(server.serve(listener, stopper.stop()));
        Self {
            script,
            address,
            _stopper: stopper,
        }
    }

    pub(crate) fn http() -> Self {
        let (address, listener) = Self::listener();
        let script = Script::new();
        let server = http::Server::new(Scripted(script.clone()), http::ServerOptions::default());
        let stopper = Stopper::default();
        tokio::spawn(server.serve(listener, stopper.stop()));
        Self {
            script,
            address,
            _stopper: stopper,
        }
    }

    pub(crate) fn say(&self, answers: impl IntoIterator<Item = Status>) {
        self.script.say(answers);
    }

    /// Answers what is not scripted.
    pub(crate) fn judge(
        &self,
        judge: impl Fn(&Received, usize) -> Option<Status> + Send + 'static,
    ) {
        self.script
            .judge(move |seen| judge(&seen.received, seen.bytes));
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        let seen = self.script.received();
        seen.into_iter().map(|seen| seen.received).collect()
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        let seen = self.script.received();
        seen.into_iter().filter_map(|seen| seen.path).collect()
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

/// Built and started.
pub(crate) async fn started(config: &Config) -> ExporterSetup {
    ExporterSetup::started(&factory(), Signal::Traces, config).await
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
