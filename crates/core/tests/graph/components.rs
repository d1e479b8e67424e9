//! Components that write down what happens to them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use async_trait::async_trait;
use headwater_core::bytes::Bytes;
use headwater_core::config::Config;
use headwater_core::graph::{Environment, Graph, GraphConfig, GraphError, PipelineConfig};
use headwater_core::{
    AnyConfig, Batch, BuiltProcessor, Component, ComponentError, ComponentKind, Connector,
    ConnectorFactory, ConnectorOutputs, ConsumeError, Consumer, Exporter, ExporterFactory, Factory,
    Host, Outputs, Processor, ProcessorFactory, Receiver, ReceiverFactory, Registry, Settings,
    Signal, Stability,
};
use headwater_testkit::{Recorder, environment};

#[derive(Debug, Clone, Default, Config)]
pub(crate) struct Nothing {}

/// What happened, in order, and what receivers and exporters were given and have.
#[derive(Clone, Default)]
pub(crate) struct Log {
    pub(crate) events: Arc<Mutex<Vec<String>>>,
    pub(crate) outputs: Arc<Mutex<BTreeMap<String, Outputs>>>,
    pub(crate) recorders: Arc<Mutex<BTreeMap<String, Recorder>>>,
    /// Until when each may take to shut down.
    pub(crate) deadlines: Arc<Mutex<Vec<Instant>>>,
}

struct Part {
    name: String,
    log: Log,
    next: Option<Arc<dyn Consumer>>,
    recorder: Recorder,
    fails: bool,
}

impl Part {
    fn new(settings: &Settings, log: &Log, next: Option<Arc<dyn Consumer>>) -> Self {
        let signal = settings
            .signal
            .map_or(String::new(), |signal| format!(" {signal}"));
        let name = format!("{} {}{signal}", settings.kind, settings.id);
        let recorder = Recorder::new();
        log.recorders
            .lock()
            .unwrap()
            .insert(name.clone(), recorder.clone());
        let fails = settings.id.name() == Some("fails");
        Self {
            name,
            log: log.clone(),
            next,
            recorder,
            fails,
        }
    }

    fn event(&self, event: &str) {
        self.log
            .events
            .lock()
            .unwrap()
            .push(format!("{event} {}", self.name));
    }
}

#[async_trait]
impl Component for Part {
    async fn start(&self, _: &Host) -> Result<(), ComponentError> {
        self.event("start");
        if self.fails {
            Err(ComponentError::new("port is taken"))
        } else {
            Ok(())
        }
    }

    async fn shutdown(&self, deadline: Instant) -> Result<(), ComponentError> {
        self.log.deadlines.lock().unwrap().push(deadline);
        self.event("stop");
        Ok(())
    }
}

#[async_trait]
impl Consumer for Part {
    async fn consume(&self, batch: Batch) -> Result<(), ConsumeError> {
        match &self.next {
            Some(next) => next.consume(batch).await,
            None => self.recorder.consume(batch).await,
        }
    }
}

impl Processor for Part {
    fn process(&self, batch: Batch) -> Result<Option<Batch>, ConsumeError> {
        match self.name.as_str() {
            name if name.contains("drop") => Ok(None),
            name if name.contains("refuse") => Err(ConsumeError::refused("no", None)),
            _ => Ok(Some(batch)),
        }
    }
}

impl Receiver for Part {}
impl Exporter for Part {}
impl Connector for Part {}

struct Parts(Log);

impl ReceiverFactory for Parts {
    type Config = Nothing;
    const TYPE: &'static str = "in";

    fn stability(&self, _: Signal) -> Option<Stability> {
        Some(Stability::Stable)
    }

    fn build(
        &self,
        settings: Settings,
        _: Nothing,
        outputs: Outputs,
    ) -> Result<Arc<dyn Receiver>, ComponentError> {
        self.0
            .outputs
            .lock()
            .unwrap()
            .insert(settings.id.to_string(), outputs);
        Ok(Arc::new(Part::new(&settings, &self.0, None)))
    }
}

impl ProcessorFactory for Parts {
    type Config = Nothing;
    const TYPE: &'static str = "step";

    fn stability(&self, _: Signal) -> Option<Stability> {
        Some(Stability::Stable)
    }

    fn build(
        &self,
        settings: Settings,
        _: Nothing,
        _: Arc<dyn Consumer>,
    ) -> Result<BuiltProcessor, ComponentError> {
        Ok(BuiltProcessor::Inline(Arc::new(Part::new(
            &settings, &self.0, None,
        ))))
    }
}

impl ExporterFactory for Parts {
    type Config = Nothing;
    const TYPE: &'static str = "out";
    const ALIASES: &'static [&'static str] = &["old_out"];

    fn stability(&self, signal: Signal) -> Option<Stability> {
        (signal != Signal::Logs).then_some(Stability::Beta)
    }

    fn build(&self, settings: Settings, _: Nothing) -> Result<Arc<dyn Exporter>, ComponentError> {
        if settings.id.name() == Some("unbuildable") {
            return Err(ComponentError::new("requires a non-empty \"endpoint\""));
        }
        Ok(Arc::new(Part::new(&settings, &self.0, None)))
    }
}

impl ConnectorFactory for Parts {
    type Config = Nothing;
    const TYPE: &'static str = "join";

    fn stability(&self, from: Signal, to: Signal) -> Option<Stability> {
        (from == to || to == Signal::Metrics).then_some(Stability::Alpha)
    }

    fn build(
        &self,
        settings: Settings,
        _: Nothing,
        outputs: ConnectorOutputs,
    ) -> Result<Arc<dyn Connector>, ComponentError> {
        Ok(Arc::new(Part::new(&settings, &self.0, Some(outputs.all))))
    }
}

/// A configuration in short: `"traces: in -> step, step/b -> out"` per pipeline; ids that begin
/// with `join` are connectors.
pub(crate) struct Case {
    pub(crate) log: Log,
    pub(crate) environment: Environment,
    config: GraphConfig,
    registry: Registry,
}

impl Case {
    pub(crate) fn new(pipelines: &[&str]) -> Self {
        let log = Log::default();
        let mut config = GraphConfig::default();
        let nothing: Arc<dyn AnyConfig> = Arc::new(Nothing {});
        for line in pipelines {
            let (id, parts) = line.split_once(": ").unwrap();
            let lists: Vec<Vec<_>> = parts
                .split(" -> ")
                .map(|list| list.split(", ").map(|id| id.parse().unwrap()).collect())
                .collect();
            let kinds = [
                ComponentKind::Receiver,
                ComponentKind::Processor,
                ComponentKind::Exporter,
            ];
            let (receivers, processors, exporters) = match &lists[..] {
                [receivers, exporters] => (receivers.clone(), Vec::new(), exporters.clone()),
                [receivers, processors, exporters] => {
                    (receivers.clone(), processors.clone(), exporters.clone())
                }
                _ => panic!("a pipeline has two or three lists"),
            };
            for (kind, ids) in kinds.into_iter().zip([&receivers, &processors, &exporters]) {
                for id in ids {
                    let id: &headwater_core::ComponentId = id;
                    let connector = id.component_type() == "join";
                    let kind = if connector {
                        ComponentKind::Connector
                    } else {
                        kind
                    };
                    config
                        .components
                        .insert((kind, id.clone()), Arc::clone(&nothing));
                }
            }
            let parts = PipelineConfig {
                receivers,
                processors,
                exporters,
            };
            config.pipelines.insert(id.parse().unwrap(), parts);
        }
        let registry = Registry::new()
            .with(Factory::receiver(Parts(log.clone())))
            .with(Factory::processor(Parts(log.clone())))
            .with(Factory::exporter(Parts(log.clone())))
            .with(Factory::connector(Parts(log.clone())));
        Self {
            log,
            environment: environment(),
            config,
            registry,
        }
    }

    pub(crate) fn build(&self) -> Result<Graph, Vec<GraphError>> {
        Graph::build(&self.config, &self.registry, &self.environment)
    }

    pub(crate) fn errors(&self) -> Vec<String> {
        self.build()
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    /// Sends a batch of `items` made-up items into receiver `id`.
    pub(crate) async fn send(
        &self,
        id: &str,
        signal: Signal,
        items: usize,
    ) -> Result<(), ConsumeError> {
        let output = self.log.outputs.lock().unwrap()[id]
            .get(signal)
            .cloned()
            .unwrap();
        let batch = Batch::new(signal, Bytes::from_static(b"x"), items);
        output.consume(batch).await
    }

    /// The items of the batches that `name` ("exporter out traces") took.
    pub(crate) fn taken(&self, name: &str) -> Vec<usize> {
        self.log.recorders.lock().unwrap()[name].items()
    }

    pub(crate) fn recorder(&self, name: &str) -> Recorder {
        self.log.recorders.lock().unwrap()[name].clone()
    }

    pub(crate) fn events(&self) -> Vec<String> {
        std::mem::take(&mut *self.log.events.lock().unwrap())
    }
}
