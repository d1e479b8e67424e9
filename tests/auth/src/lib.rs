//! A real `otlp` receiver in front of a recorder, and real exporters that send to it, with
//! extensions as a configuration would name them.

#![allow(
    clippy::unwrap_used,
    missing_debug_implementations,
    reason = "a harness: what goes wrong here is a failed test"
)]

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_config::testing::decode;
use headwater_core::graph::Environment;
use headwater_core::{
    Batch, Budget, ComponentId, ComponentKind, ConsumeError, Consumer, Context, Exporter,
    Extension, Factory, Host, Outputs, Receiver, Signal,
};
use headwater_testkit::{Generator, Recorder, Shape, environment, host_with};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Nothing on loopback takes this long.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// How an exporter speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// OTLP/gRPC.
    Grpc,
    /// OTLP/HTTP.
    Http,
}

/// Both of them.
pub const PROTOCOLS: [Protocol; 2] = [Protocol::Grpc, Protocol::Http];

/// Extensions by id, started.
#[derive(Default, Clone)]
pub struct Extensions(BTreeMap<ComponentId, Arc<dyn Extension>>);

impl Extensions {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one with these keys. The type stands before the slash of `id`.
    #[must_use]
    pub fn with(mut self, id: &str, keys: &str) -> Self {
        let id: ComponentId = id.parse().unwrap();
        let environment = environment();
        let settings = environment.settings(ComponentKind::Extension, &id);
        let factories: [Factory; 4] = [
            headwater_extension_basicauth::factory(),
            headwater_extension_bearertokenauth::factory(),
            headwater_extension_headers_setter::factory(),
            headwater_extension_oauth2client::factory(),
        ];
        let name = id.to_string();
        let kind = name.split('/').next().unwrap();
        let factory = factories
            .iter()
            .find(|factory| factory.component_type() == kind)
            .unwrap();
        macro_rules! built {
            ($crate_name:ident) => {
                factory.build_extension(settings, &decode::<$crate_name::Config>(keys).unwrap().0)
            };
        }
        let extension = match kind {
            "basicauth" => built!(headwater_extension_basicauth),
            "bearertokenauth" => built!(headwater_extension_bearertokenauth),
            "headers_setter" => built!(headwater_extension_headers_setter),
            _ => built!(headwater_extension_oauth2client),
        };
        self.0.insert(id, extension.unwrap());
        self
    }

    /// A host that has them; starts them.
    pub async fn host(&self) -> Host {
        let host = host_with(self.0.clone(), Budget::default());
        for extension in self.0.values() {
            extension.start(&host).await.unwrap();
        }
        host
    }
}

/// A running receiver.
pub struct Hub {
    environment: Environment,
    grpc: String,
    http: String,
    receiver: Arc<dyn Receiver>,
    /// Takes what arrives.
    pub recorder: Recorder,
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

impl Hub {
    /// A receiver whose servers have these keys besides their endpoints, such as
    /// `auth: {authenticator: basicauth}`.
    pub async fn start(host: &Host, keys: &str) -> Self {
        let recorder = Recorder::new();
        let mut hub = Self::start_in_front_of(host, keys, Arc::new(recorder.clone())).await;
        hub.recorder = recorder;
        hub
    }

    /// The same in front of any consumer.
    pub async fn start_in_front_of(host: &Host, keys: &str, next: Arc<dyn Consumer>) -> Self {
        let grpc = format!("127.0.0.1:{}", free_port());
        let http = format!("127.0.0.1:{}", free_port());
        let yaml = format!(
            "protocols: {{grpc: {{endpoint: \"{grpc}\", {keys}}}, http: {{endpoint: \"{http}\", {keys}}}}}"
        );
        let (config, _) = decode::<headwater_receiver_otlp::Config>(&yaml).unwrap();
        let environment = environment();
        let settings = environment.settings(ComponentKind::Receiver, &"otlp".parse().unwrap());
        let outputs = Signal::ALL
            .into_iter()
            .fold(Outputs::new(), |outputs, signal| {
                outputs.with(signal, Arc::clone(&next))
            });
        let receiver = headwater_receiver_otlp::factory()
            .build_receiver(settings, &config, outputs)
            .unwrap();
        receiver.start(host).await.unwrap();
        Self {
            environment,
            grpc,
            http,
            receiver,
            recorder: Recorder::new(),
        }
    }

    /// The address of a protocol's server.
    #[must_use]
    pub fn address(&self, protocol: Protocol) -> &str {
        match protocol {
            Protocol::Grpc => &self.grpc,
            Protocol::Http => &self.http,
        }
    }

    /// Writes a request to the HTTP server and reads the head of its answer: status and headers.
    /// The `Content-Length` is what `headers` says, or that of `body`.
    pub async fn post(&self, headers: &str, body: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.http).await.unwrap();
        let length = if headers.contains("Content-Length") {
            String::new()
        } else {
            format!("Content-Length: {}\r\n", body.len())
        };
        let head = format!(
            "POST /v1/traces HTTP/1.1\r\nHost: test\r\nContent-Type: application/x-protobuf\r\n{headers}{length}\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body).await.unwrap();
        let mut answer = Vec::new();
        let reading = async {
            while !answer.windows(4).any(|window| window == b"\r\n\r\n") {
                let mut chunk = [0; 4096];
                let length = stream.read(&mut chunk).await.unwrap();
                assert!(
                    length > 0,
                    "the connection ended in the middle of an answer"
                );
                answer.extend_from_slice(&chunk[..length]);
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.unwrap();
        let text = String::from_utf8_lossy(&answer).to_ascii_lowercase();
        let status = text.split(' ').nth(1).unwrap().parse().unwrap();
        (status, text)
    }

    /// The sum of the receiver's metric of this name.
    #[must_use]
    pub fn metric(&self, name: &str) -> f64 {
        headwater_testkit::metric(&self.environment, name)
    }

    /// Stops it.
    pub async fn stop(self) {
        let deadline = Instant::now() + PATIENCE;
        self.receiver.shutdown(deadline).await.unwrap();
    }
}

/// An exporter of traces without retries, and without a queue unless `keys` name one: then an
/// answer of `send` is the backend's.
pub struct Sender {
    exporter: Arc<dyn Exporter>,
    environment: Environment,
}

impl Sender {
    /// One that sends to `hub`, with these keys, such as `auth: {authenticator: basicauth}`.
    pub async fn start(host: &Host, protocol: Protocol, hub: &Hub, keys: &str) -> Self {
        let address = hub.address(protocol);
        let queue = if keys.contains("sending_queue") {
            ""
        } else {
            "sending_queue: {enabled: false}, "
        };
        let plain = format!("{queue}retry_on_failure: {{enabled: false}}");
        let environment = environment();
        let id = "otlp".parse().unwrap();
        let settings = environment.signal_settings(ComponentKind::Exporter, &id, Signal::Traces);
        let exporter = match protocol {
            Protocol::Grpc => {
                let yaml =
                    format!("{{endpoint: '{address}', tls: {{insecure: true}}, {plain}, {keys}}}");
                let (config, _) = decode::<headwater_exporter_otlp_grpc::Config>(&yaml).unwrap();
                headwater_exporter_otlp_grpc::factory().build_exporter(settings, &config)
            }
            Protocol::Http => {
                let yaml = format!("{{endpoint: 'http://{address}', {plain}, {keys}}}");
                let (config, _) = decode::<headwater_exporter_otlp_http::Config>(&yaml).unwrap();
                headwater_exporter_otlp_http::factory().build_exporter(settings, &config)
            }
        };
        let exporter = exporter.unwrap();
        exporter.start(host).await.unwrap();
        Self {
            exporter,
            environment,
        }
    }

    /// Sends a request of as many spans that came with `context`.
    ///
    /// # Errors
    /// What the backend answered.
    pub async fn send(&self, items: usize, context: Context) -> Result<(), ConsumeError> {
        self.exporter
            .consume(batch(items).with_context(context))
            .await
    }

    /// The exporter, for a pipeline.
    #[must_use]
    pub fn exporter(&self) -> Arc<dyn Exporter> {
        Arc::clone(&self.exporter)
    }

    /// Stops it.
    pub async fn stop(self) {
        let deadline = Instant::now() + PATIENCE;
        self.exporter.shutdown(deadline).await.unwrap();
        assert_eq!(self.environment.ledger.imbalance(), 0);
    }
}

/// A request of as many spans.
#[must_use]
pub fn batch(items: usize) -> Batch {
    let bytes = Generator::new(1).request(Signal::Traces, Shape::of(items));
    Batch::new(
        Signal::Traces,
        headwater_core::bytes::Bytes::from(bytes),
        items,
    )
}
