//! The exporters of the hub and of Grafana Cloud's distribution, in front of backends that want a
//! user name and a password.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use auth_tests::{Extensions, PATIENCE};
use base64::Engine as _;
use headwater_config::testing::decode;
use headwater_core::bytes::Bytes;
use headwater_core::rpc::Code;
use headwater_core::{AnyConfig, Factory, Signal};
use headwater_testkit::ExporterSetup;
use headwater_transport::listen::{self, Transport};
use headwater_transport::{Serve as _, Status, Stopper, grpc, http};

/// Takes what comes with the right `Authorization`.
#[derive(Clone)]
struct Gate {
    wanted: Arc<Mutex<String>>,
    /// The headers that came.
    came: Arc<Mutex<Vec<String>>>,
}

impl Gate {
    fn lets_in(&self, header: &str) -> bool {
        self.came.lock().unwrap().push(header.to_owned());
        header == *self.wanted.lock().unwrap()
    }

    fn want(&self, password: &str) {
        let encoded = base64::engine::general_purpose::STANDARD.encode(format!("12345:{password}"));
        *self.wanted.lock().unwrap() = format!("Basic {encoded}");
    }
}

impl http::Handler for Gate {
    async fn call(&self, request: http::Request) -> http::Response {
        let header = request.headers.get(::http::header::AUTHORIZATION);
        let status = if self.lets_in(header.map_or("", |value| value.to_str().unwrap())) {
            ::http::StatusCode::NO_CONTENT
        } else {
            ::http::StatusCode::UNAUTHORIZED
        };
        http::Response::empty(status)
    }
}

impl grpc::UnaryHandler for Gate {
    async fn call(&self, request: grpc::Request) -> Result<Bytes, Status> {
        let header = request.context.header("authorization");
        if self.lets_in(header.first().map_or("", |value| value)) {
            Ok(Bytes::new())
        } else {
            Err(Status::new(Code::Unauthenticated, "who are you?"))
        }
    }
}

/// A running server of one protocol.
struct Backend {
    gate: Gate,
    address: SocketAddr,
    _stopper: Stopper,
}

impl Backend {
    fn start(speaks_grpc: bool) -> Self {
        let gate = Gate {
            wanted: Arc::default(),
            came: Arc::default(),
        };
        let bound = listen::bind(Transport::Tcp, "127.0.0.1:0", 1).unwrap();
        let address = bound.local_addr().tcp().unwrap();
        let listener = bound.split(1).unwrap().remove(0).into_listener().unwrap();
        let stopper = Stopper::default();
        if speaks_grpc {
            let options = grpc::ServerOptions {
                include_metadata: true,
                ..grpc::ServerOptions::default()
            };
            let methods = vec!["/opentelemetry.proto.collector.trace.v1.TraceService/Export"];
            let server = grpc::Server::new(methods, gate.clone(), options);
            tokio::spawn(server.serve(listener, stopper.stop()));
        } else {
            let server = http::Server::new(gate.clone(), http::ServerOptions::default());
            tokio::spawn(server.serve(listener, stopper.stop()));
        }
        Self {
            gate,
            address,
            _stopper: stopper,
        }
    }
}

/// Sends with credentials of files to a backend that wants them, while they change.
async fn follows_its_files(
    backend: Backend,
    factory: &Factory,
    signal: Signal,
    config: &dyn AnyConfig,
    folder: &Path,
) {
    let (user, password) = (folder.join("username"), folder.join("password"));
    std::fs::write(&user, "12345\n").unwrap();
    std::fs::write(&password, "one\n").unwrap();
    let keys = format!(
        "client_auth: {{username_file: '{}', password_file: '{}'}}",
        user.display(),
        password.display()
    );
    let host = Extensions::new().with("basicauth", &keys).host().await;
    let mut setup = ExporterSetup::built(factory, signal, config);
    setup.exporter.start(&host).await.unwrap();

    backend.gate.want("one");
    setup.send(3).await;
    assert_eq!(setup.done().await.dropped.values().sum::<u64>(), 0);
    let sent = setup.ledger().sent;
    assert!(sent > 0);

    // Wrong credentials are final, counted, and not tried again and again.
    backend.gate.want("two");
    let before = backend.gate.came.lock().unwrap().len();
    setup.send(3).await;
    let books = setup.done().await;
    assert_eq!(books.sent, sent);
    assert!(books.dropped.values().sum::<u64>() > 0);
    assert!(backend.gate.came.lock().unwrap().len() <= before + 2);

    std::fs::write(&password, "two\n").unwrap();
    let arrives = async {
        while setup.done().await.sent == sent {
            setup.send(3).await;
        }
    };
    tokio::time::timeout(PATIENCE, arrives).await.unwrap();

    // A Secret that vanishes shuts nobody out.
    std::fs::remove_file(&password).unwrap();
    let dropped = setup.ledger().dropped.clone();
    for _ in 0..5 {
        setup.send(3).await;
    }
    assert_eq!(setup.done().await.dropped, dropped);
    setup.stop().await;
}

#[tokio::test]
async fn prometheus_is_written_to_with_credentials_of_files_that_change() {
    let (folder, backend) = (tempfile::tempdir().unwrap(), Backend::start(false));
    let yaml = format!(
        "{{endpoint: 'http://{}/push', auth: {{authenticator: basicauth}}}}",
        backend.address
    );
    let config = decode::<headwater_exporter_prometheus_remote_write::Config>(&yaml).unwrap();
    let factory = headwater_exporter_prometheus_remote_write::factory();
    follows_its_files(backend, &factory, Signal::Metrics, &config.0, folder.path()).await;
}

#[tokio::test]
async fn loki_is_pushed_to_with_credentials_of_files_that_change() {
    let (folder, backend) = (tempfile::tempdir().unwrap(), Backend::start(false));
    let yaml = format!(
        "{{endpoint: 'http://{}/push', batch_size: 0, auth: {{authenticator: basicauth}}}}",
        backend.address
    );
    let config = decode::<headwater_exporter_loki::Config>(&yaml).unwrap();
    let factory = headwater_exporter_loki::factory();
    follows_its_files(backend, &factory, Signal::Logs, &config.0, folder.path()).await;
}

#[tokio::test]
async fn tempo_is_sent_to_with_credentials_of_files_that_change() {
    let (folder, backend) = (tempfile::tempdir().unwrap(), Backend::start(true));
    let yaml = format!(
        "{{endpoint: '{}', tls: {{insecure: true}}, auth: {{authenticator: basicauth}}}}",
        backend.address
    );
    let config = decode::<headwater_exporter_tempo::Config>(&yaml).unwrap();
    let factory = headwater_exporter_tempo::factory();
    follows_its_files(backend, &factory, Signal::Traces, &config.0, folder.path()).await;
}
