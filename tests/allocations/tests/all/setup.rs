//! A collector on a thread of its own, asked for its allocations from outside.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use headwater_config::testing::decode;
use headwater_core::bytes::Bytes;
use headwater_core::component::Component;
use headwater_core::{
    BuiltProcessor, ComponentKind, Consumer, Context, Factory, Outputs, Signal, Ticket,
};
use headwater_testkit::{Generator, Shape, environment, host};
use headwater_transport::grpc::{
    Client, ClientOptions, Message, Request, Server, ServerOptions, UnaryHandler,
};
use headwater_transport::{Serving, Status, listen};
use tokio::sync::{mpsc, oneshot};

use crate::counting::allocations;

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

struct Sink;

impl UnaryHandler for Sink {
    fn admit(&self, _: usize, _: usize) -> Result<Ticket, Status> {
        Ok(Ticket::default())
    }

    async fn call(&self, _: Request) -> Result<Bytes, Status> {
        Ok(Bytes::new())
    }
}

/// Runs `work` on a thread with a runtime of its own.
fn thread<F: Future<Output = ()>>(work: impl FnOnce() -> F + Send + 'static) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(work());
    })
}

/// Starts a backend that takes everything, and returns its address.
fn backend(end: oneshot::Receiver<()>) -> String {
    let (send, receive) = std::sync::mpsc::channel();
    thread(move || async move {
        let server = Server::new(vec![EXPORT], Sink, ServerOptions::default());
        let bound = listen::bind(listen::Transport::Tcp, "127.0.0.1:0", 1).unwrap();
        let serving = Serving::start(&host(), bound, &server).unwrap();
        send.send(serving.local_addr().to_string()).unwrap();
        drop(end.await);
        serving.shutdown(Instant::now()).await;
    });
    receive.recv().unwrap()
}

/// A running collector: receiver, processor (if any), exporter.
pub(crate) struct Collector {
    address: String,
    ask: mpsc::UnboundedSender<oneshot::Sender<u64>>,
    _backend: oneshot::Sender<()>,
}

impl Collector {
    /// Starts one with this processor, given with its YAML.
    pub(crate) fn start(processor: Option<(Factory, &'static str)>) -> Self {
        let (end, ended) = oneshot::channel();
        let to = backend(ended);
        #[expect(
            clippy::disallowed_methods,
            reason = "a handful of questions in a test"
        )]
        let (ask, mut asked) = mpsc::unbounded_channel::<oneshot::Sender<u64>>();
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let address = format!("127.0.0.1:{port}");
        let listens = address.clone();
        let (ready, is_ready) = std::sync::mpsc::channel();
        thread(move || async move {
            let parts = build(processor, &listens, &to);
            for part in parts.iter().rev() {
                part.start(&host()).await.unwrap();
            }
            ready.send(()).unwrap();
            while let Some(answer) = asked.recv().await {
                answer.send(allocations()).unwrap();
            }
            for part in &parts {
                part.shutdown(Instant::now() + Duration::from_secs(5))
                    .await
                    .unwrap();
            }
        });
        is_ready.recv().unwrap();
        Self {
            address,
            ask,
            _backend: end,
        }
    }

    async fn allocations(&self) -> u64 {
        let (answer, answered) = oneshot::channel();
        self.ask.send(answer).unwrap();
        answered.await.unwrap()
    }

    /// The allocations of the collector per request of `spans` spans, once it is warm.
    pub(crate) async fn per_request(&self, spans: usize) -> f64 {
        const REQUESTS: u32 = 400;
        let client = Client::new(ClientOptions::plaintext(self.address.parse().unwrap()));
        let method = client.method(EXPORT);
        let body = Generator::new(3).request(Signal::Traces, Shape::of(spans));
        let message: Message = std::iter::once(Bytes::from(body)).collect();
        let mut before = 0;
        for round in 0..2 * REQUESTS {
            if round == REQUESTS {
                before = self.allocations().await;
            }
            let timeout = Some(Duration::from_secs(5));
            client
                .call(&method, &message, &Context::default(), timeout)
                .await
                .unwrap();
        }
        let count = u32::try_from(self.allocations().await - before).unwrap();
        f64::from(count) / f64::from(REQUESTS)
    }
}

/// The components, receiver first.
fn build(
    processor: Option<(Factory, &'static str)>,
    listens: &str,
    to: &str,
) -> Vec<Arc<dyn Component>> {
    let environment = environment();
    let yaml = format!(
        "{{endpoint: '{to}', tls: {{insecure: true}}, compression: none, \
         sending_queue: {{enabled: false}}}}"
    );
    let (config, _) = decode::<headwater_exporter_otlp_grpc::Config>(&yaml).unwrap();
    let id = "otlp_grpc".parse().unwrap();
    let settings = environment.signal_settings(ComponentKind::Exporter, &id, Signal::Traces);
    let exporter = headwater_exporter_otlp_grpc::factory()
        .build_exporter(settings, &config)
        .unwrap();
    let mut parts: Vec<Arc<dyn Component>> = vec![Arc::clone(&exporter) as _];
    let mut next: Arc<dyn Consumer> = exporter;
    if let Some((factory, yaml)) = processor {
        (next, parts) = with_processor(&environment, &factory, yaml, &next, parts);
    }
    let yaml = format!("protocols: {{grpc: {{endpoint: '{listens}'}}}}");
    let (config, _) = decode::<headwater_receiver_otlp::Config>(&yaml).unwrap();
    let settings = environment.settings(ComponentKind::Receiver, &"otlp".parse().unwrap());
    let outputs = Outputs::new().with(Signal::Traces, next);
    let receiver = headwater_receiver_otlp::factory()
        .build_receiver(settings, &config, outputs)
        .unwrap();
    parts.insert(0, receiver);
    parts
}

fn with_processor(
    environment: &headwater_core::graph::Environment,
    factory: &Factory,
    yaml: &str,
    next: &Arc<dyn Consumer>,
    mut parts: Vec<Arc<dyn Component>>,
) -> (Arc<dyn Consumer>, Vec<Arc<dyn Component>>) {
    use headwater_core::config::{Diagnostics, Origin, Origins};
    use headwater_core::factory::Place;

    let id = factory.component_type().parse().unwrap();
    let settings = environment.pipeline_settings(&id, &"traces".parse().unwrap());
    let (node, _) = decode::<headwater_core::config::Node>(yaml).unwrap();
    let place = Place {
        path: "processor",
        anchor: &Origin::Default,
    };
    let (mut diagnostics, mut origins) = (Diagnostics::new(), Origins::default());
    let config = factory
        .load(place, &node, &mut diagnostics, &mut origins)
        .unwrap();
    match factory
        .build_processor(settings, &*config, Arc::clone(next))
        .unwrap()
    {
        BuiltProcessor::Buffering(buffering) => {
            parts.insert(0, Arc::clone(&buffering) as _);
            (buffering, parts)
        }
        BuiltProcessor::Inline(_) => panic!("an inline processor needs the graph"),
    }
}
