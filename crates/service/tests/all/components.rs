//! Components that do what a test tells them.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use headwater_core::config::Config;
use headwater_core::status::{Status, StatusReporter};
use headwater_core::{
    Batch, BuiltProcessor, Component, ComponentError, ConsumeError, Consumer, Extension,
    ExtensionFactory, Factory, Host, Outputs, Processor, ProcessorFactory, Receiver,
    ReceiverFactory, Registry, Settings, Signal, Stability, Task, Worker,
};
use headwater_transport::listen::{self, Bound, Transport};

/// What happened, in order.
pub(crate) type Journal = Arc<Mutex<Vec<String>>>;

/// The nop components, and those of this module that write to `journal`.
pub(crate) fn registry(journal: &Journal) -> Registry {
    Registry::new()
        .with(headwater_receiver_nop::factory())
        .with(headwater_exporter_nop::factory())
        .with(headwater_connector_forward::factory())
        .with(Factory::receiver(PortFactory(Arc::clone(journal))))
        .with(Factory::processor(TracesOnlyFactory))
        .with(Factory::extension(GuardFactory(Arc::clone(journal))))
}

fn note(journal: &Journal, text: impl Into<String>) {
    journal.lock().unwrap().push(text.into());
}

/// A receiver that holds a port alone and sends some empty spans when it starts.
#[derive(Debug, Clone, Default, Config)]
pub(crate) struct PortConfig {
    /// The port to listen on; 0 for none.
    port: u16,
    /// Where to listen as servers do.
    endpoint: Option<String>,
    /// The spans to send at start.
    spans: usize,
    /// What to fail with at start.
    fail: Option<String>,
    /// What to fail with after the start.
    give_up: Option<String>,
    /// What to report as a fatal status after the start.
    fatal: Option<String>,
    /// Whether to shut down never.
    stubborn: bool,
    /// What to refuse to be built with.
    refuse: Option<String>,
}

struct PortFactory(Journal);

impl ReceiverFactory for PortFactory {
    type Config = PortConfig;
    const TYPE: &'static str = "port";
    const ALIASES: &'static [&'static str] = &["harbour"];

    fn stability(&self, signal: Signal) -> Option<Stability> {
        (signal != Signal::Logs).then_some(Stability::Beta)
    }

    fn build(
        &self,
        settings: Settings,
        config: PortConfig,
        outputs: Outputs,
    ) -> Result<Arc<dyn Receiver>, ComponentError> {
        if let Some(refusal) = config.refuse {
            return Err(ComponentError::new(refusal));
        }
        Ok(Arc::new(PortReceiver {
            journal: Arc::clone(&self.0),
            status: settings.status,
            config,
            outputs,
            held: Mutex::new(None),
        }))
    }
}

type Sockets = (Option<TcpListener>, Option<Bound>);

struct PortReceiver {
    journal: Journal,
    status: StatusReporter,
    config: PortConfig,
    outputs: Outputs,
    held: Mutex<Option<(Sockets, Task)>>,
}

/// One scope with `count` empty spans.
fn spans(count: usize) -> Batch {
    let spans = [0x12, 0].repeat(count);
    let scope = [&[0x12, spans.len() as u8][..], &spans].concat();
    let resource = [&[0x0a, scope.len() as u8][..], &scope].concat();
    Batch::new(Signal::Traces, Bytes::from(resource), count)
}

#[async_trait]
impl Component for PortReceiver {
    async fn start(&self, host: &Host) -> Result<(), ComponentError> {
        if let Some(failure) = &self.config.fail {
            return Err(ComponentError::new(failure.clone()));
        }
        let listener = match self.config.port {
            0 => None,
            port => Some(TcpListener::bind(("127.0.0.1", port)).map_err(|error| {
                ComponentError::with_source(format!("cannot listen on port {port}"), error)
            })?),
        };
        let bind = |endpoint: &String| listen::bind(Transport::Tcp, endpoint, host.workers());
        let bound = self.config.endpoint.as_ref().map(bind).transpose();
        let bound = bound.map_err(|error| ComponentError::with_source("cannot bind", error))?;
        note(&self.journal, "receiver started");
        let (outputs, count) = (self.outputs.clone(), self.config.spans);
        let (host_, give_up) = (host.clone(), self.config.give_up.clone());
        let (status, fatal) = (self.status.clone(), self.config.fatal.clone());
        let task = host.spawn(Worker::Current, async move {
            if let Some(output) = outputs.get(Signal::Traces)
                && count > 0
            {
                output.consume(spans(count)).await.unwrap();
            }
            if let Some(reason) = give_up {
                host_.fail(reason);
            }
            if let Some(reason) = fatal {
                status.report_error(Status::FatalError, reason);
            }
        });
        *self.held.lock().unwrap() = Some(((listener, bound), task));
        Ok(())
    }

    async fn shutdown(&self, _: Instant) -> Result<(), ComponentError> {
        if self.config.stubborn {
            std::future::pending::<()>().await;
        }
        let held = self.held.lock().unwrap().take();
        if let Some((sockets, task)) = held {
            drop(sockets);
            task.join().await;
            note(&self.journal, "receiver stopped");
        }
        Ok(())
    }
}

impl Receiver for PortReceiver {}

/// A processor for spans alone.
#[derive(Debug, Clone, Default, Config)]
pub(crate) struct TracesOnlyConfig {}

struct TracesOnlyFactory;

impl ProcessorFactory for TracesOnlyFactory {
    type Config = TracesOnlyConfig;
    const TYPE: &'static str = "traces_only";

    fn stability(&self, signal: Signal) -> Option<Stability> {
        (signal == Signal::Traces).then_some(Stability::Alpha)
    }

    fn build(
        &self,
        _: Settings,
        _: TracesOnlyConfig,
        _: Arc<dyn Consumer>,
    ) -> Result<BuiltProcessor, ComponentError> {
        Ok(BuiltProcessor::Inline(Arc::new(TracesOnly)))
    }
}

struct TracesOnly;

impl Component for TracesOnly {}

impl Processor for TracesOnly {
    fn process(&self, batch: Batch) -> Result<Option<Batch>, ConsumeError> {
        Ok(Some(batch))
    }
}

/// An extension that writes down what is asked of it.
#[derive(Debug, Clone, Default, Config)]
pub(crate) struct GuardConfig {
    /// What to fail with at start.
    fail: Option<String>,
}

struct GuardFactory(Journal);

impl ExtensionFactory for GuardFactory {
    type Config = GuardConfig;
    const TYPE: &'static str = "guard";

    fn stability(&self) -> Stability {
        Stability::Development
    }

    fn build(
        &self,
        settings: Settings,
        config: GuardConfig,
    ) -> Result<Arc<dyn Extension>, ComponentError> {
        Ok(Arc::new(Guard {
            journal: Arc::clone(&self.0),
            name: settings.id.to_string(),
            config,
        }))
    }
}

struct Guard {
    journal: Journal,
    name: String,
    config: GuardConfig,
}

impl Guard {
    fn note(&self, what: &str) {
        note(&self.journal, format!("{} {what}", self.name));
    }
}

#[async_trait]
impl Component for Guard {
    async fn start(&self, _: &Host) -> Result<(), ComponentError> {
        if let Some(failure) = &self.config.fail {
            return Err(ComponentError::new(failure.clone()));
        }
        self.note("started");
        Ok(())
    }

    async fn shutdown(&self, _: Instant) -> Result<(), ComponentError> {
        self.note("stopped");
        Ok(())
    }
}

impl Extension for Guard {
    fn ready(&self) {
        self.note("is told that all is ready");
    }

    fn not_ready(&self) {
        self.note("is told that the end is near");
    }
}
