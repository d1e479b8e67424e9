//! Building the instances, the far end first.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::chain::{Step, chain};
use super::check::{Connectors, check};
use super::fan_out::fan_out;
use super::topology::Topology;
use super::{Environment, Graph, GraphConfig, GraphError, Instance};
use crate::factory::AnyConfig;
use crate::{
    BuiltProcessor, Component, ComponentError, ComponentId, ComponentKind, ConnectorOutputs,
    Consumer, Factory, Outputs, PipelineId, Registry, Settings, Signal,
};

impl Graph {
    /// Builds every component that a pipeline uses and connects them. Runs constructors only:
    /// no sockets, no tasks.
    ///
    /// # Errors
    /// Everything that is wrong, at once: first what the ids and signals show, else what the
    /// factories say.
    pub fn build(
        config: &GraphConfig,
        registry: &Registry,
        environment: &Environment,
    ) -> Result<Self, Vec<GraphError>> {
        let order = check(config, registry)?;
        let mut builder = Builder {
            config,
            registry,
            environment,
            connectors: Connectors::new(config, registry),
            pipelines: BTreeMap::new(),
            exporters: BTreeMap::new(),
            connector_inputs: BTreeMap::new(),
            instances: Vec::new(),
            errors: Vec::new(),
        };
        for pipeline in &order {
            builder.pipeline(pipeline);
        }
        builder.receivers();
        if builder.errors.is_empty() {
            Ok(Self {
                instances: builder.instances,
                topology: Topology::new(config, registry),
            })
        } else {
            Err(builder.errors)
        }
    }
}

struct Builder<'a> {
    config: &'a GraphConfig,
    registry: &'a Registry,
    environment: &'a Environment,
    connectors: Connectors<'a>,
    /// The entry of each pipeline built so far.
    pipelines: BTreeMap<&'a PipelineId, Arc<dyn Consumer>>,
    exporters: BTreeMap<(Signal, &'a ComponentId), Option<Arc<dyn Consumer>>>,
    connector_inputs: BTreeMap<(Signal, &'a ComponentId), Option<Arc<dyn Consumer>>>,
    instances: Vec<Instance>,
    errors: Vec<GraphError>,
}

impl<'a> Builder<'a> {
    fn pipeline(&mut self, id: &PipelineId) {
        let Some((id, parts)) = self.config.pipelines.get_key_value(id) else {
            return;
        };
        let mut consumers = Vec::new();
        for (index, exporter) in parts.exporters.iter().enumerate() {
            if parts.exporters[..index].contains(exporter) {
                continue;
            }
            let consumer = if self.config.is_connector(exporter) {
                self.connector(id.signal(), exporter)
            } else {
                self.exporter(id.signal(), exporter)
            };
            consumers.extend(consumer);
        }
        if consumers.is_empty() {
            return;
        }
        let mut next = fan_out(consumers);
        let mut steps: Vec<Step> = Vec::new();
        for processor in parts.processors.iter().rev() {
            let settings = self.environment.pipeline_settings(processor, id);
            let after = chain(&steps, &next);
            let built = self.make(ComponentKind::Processor, processor, |factory, config| {
                factory.build_processor(settings.clone(), config, after)
            });
            match built {
                Some(BuiltProcessor::Inline(inline)) => {
                    self.keep(&settings, Arc::clone(&inline) as Arc<dyn Component>);
                    steps.insert(0, Step::new(inline, &settings));
                }
                Some(BuiltProcessor::Buffering(buffering)) => {
                    self.keep(&settings, Arc::clone(&buffering) as Arc<dyn Component>);
                    steps.clear();
                    next = buffering;
                }
                None => {}
            }
        }
        self.pipelines.insert(id, chain(&steps, &next));
    }

    fn exporter(&mut self, signal: Signal, id: &'a ComponentId) -> Option<Arc<dyn Consumer>> {
        if let Some(known) = self.exporters.get(&(signal, id)) {
            return known.clone();
        }
        let kind = ComponentKind::Exporter;
        let settings = self.environment.signal_settings(kind, id, signal);
        let built = self.make(kind, id, |factory, config| {
            factory.build_exporter(settings.clone(), config)
        });
        let consumer = built.map(|exporter| {
            self.keep(&settings, Arc::clone(&exporter) as Arc<dyn Component>);
            exporter as Arc<dyn Consumer>
        });
        self.exporters.insert((signal, id), consumer.clone());
        consumer
    }

    /// The consumer of a connector for one input signal: an instance per output signal.
    fn connector(&mut self, from: Signal, id: &'a ComponentId) -> Option<Arc<dyn Consumer>> {
        if let Some(known) = self.connector_inputs.get(&(from, id)) {
            return known.clone();
        }
        let targets = self.connectors.targets(id, from);
        let mut instances: Vec<Arc<dyn Consumer>> = Vec::new();
        for to in Signal::ALL {
            let pipelines: BTreeMap<PipelineId, Arc<dyn Consumer>> = targets
                .iter()
                .filter(|target| target.signal() == to)
                .filter_map(|target| {
                    Some(((*target).clone(), self.pipelines.get(*target)?.clone()))
                })
                .collect();
            if pipelines.is_empty() {
                continue;
            }
            let all = fan_out(pipelines.values().cloned().collect());
            let outputs = ConnectorOutputs {
                signal: to,
                all,
                pipelines,
            };
            let settings = self.environment.connector_settings(id, from, to);
            let built = self.make(ComponentKind::Connector, id, |factory, config| {
                factory.build_connector(settings.clone(), config, outputs)
            });
            if let Some(connector) = built {
                self.keep(&settings, Arc::clone(&connector) as Arc<dyn Component>);
                instances.push(connector);
            }
        }
        let consumer = (!instances.is_empty()).then(|| fan_out(instances));
        self.connector_inputs.insert((from, id), consumer.clone());
        consumer
    }

    /// Builds each receiver once, with the pipelines that name it as its outputs.
    fn receivers(&mut self) {
        let mut entries: BTreeMap<&'a ComponentId, [Vec<Arc<dyn Consumer>>; 3]> = BTreeMap::new();
        for (pipeline, parts) in &self.config.pipelines {
            let Some(entry) = self.pipelines.get(pipeline) else {
                continue;
            };
            for (index, id) in parts.receivers.iter().enumerate() {
                if self.config.is_connector(id) || parts.receivers[..index].contains(id) {
                    continue;
                }
                let by_signal = entries.entry(id).or_default();
                by_signal[pipeline.signal().index()].push(Arc::clone(entry));
            }
        }
        for (id, by_signal) in entries {
            let mut outputs = Outputs::new();
            for (signal, consumers) in Signal::ALL.into_iter().zip(by_signal) {
                if !consumers.is_empty() {
                    outputs = outputs.with(signal, fan_out(consumers));
                }
            }
            let kind = ComponentKind::Receiver;
            let settings = self.environment.settings(kind, id);
            let built = self.make(kind, id, |factory, config| {
                factory.build_receiver(settings.clone(), config, outputs)
            });
            if let Some(receiver) = built {
                self.keep(&settings, receiver);
            }
        }
    }

    fn make<T>(
        &mut self,
        kind: ComponentKind,
        id: &ComponentId,
        build: impl FnOnce(&Factory, &dyn AnyConfig) -> Result<T, ComponentError>,
    ) -> Option<T> {
        let (factory, _) = self.registry.get(kind, id.component_type())?;
        let config = self.config.component(kind, id)?;
        match build(factory, config) {
            Ok(built) => Some(built),
            Err(source) => {
                self.errors.push(GraphError::Component {
                    id: id.clone(),
                    kind,
                    source,
                });
                None
            }
        }
    }

    fn keep(&mut self, settings: &Settings, component: Arc<dyn Component>) {
        self.instances.push(Instance {
            kind: settings.kind,
            id: settings.id.clone(),
            component,
            status: settings.status.clone(),
            span: settings.span.clone(),
        });
    }
}
