//! What must hold before anything is built: known components, supported signals, connectors with
//! two ends, no cycles.

use std::collections::{BTreeMap, BTreeSet};

use super::{GraphConfig, GraphError};
use crate::{ComponentId, ComponentKind, Factory, PipelineId, Registry, Signal};

/// The pipelines in an order in which each comes before those that feed it.
///
/// # Errors
/// Everything that is wrong with the configuration, at once.
pub(super) fn check(
    config: &GraphConfig,
    registry: &Registry,
) -> Result<Vec<PipelineId>, Vec<GraphError>> {
    let mut errors = Vec::new();
    for (pipeline, parts) in &config.pipelines {
        let listed = [
            (ComponentKind::Receiver, &parts.receivers),
            (ComponentKind::Processor, &parts.processors),
            (ComponentKind::Exporter, &parts.exporters),
        ];
        for (kind, ids) in listed {
            for id in ids {
                if kind == ComponentKind::Processor || !config.is_connector(id) {
                    check_signal(config, registry, (kind, id), pipeline, &mut errors);
                }
            }
        }
    }
    let connectors = Connectors::new(config, registry);
    connectors.check_ends(&mut errors);
    let order = connectors.order(config, &mut errors);
    if errors.is_empty() {
        Ok(order)
    } else {
        Err(errors)
    }
}

fn check_signal(
    config: &GraphConfig,
    registry: &Registry,
    (kind, id): (ComponentKind, &ComponentId),
    pipeline: &PipelineId,
    errors: &mut Vec<GraphError>,
) {
    let factory = registry.get(kind, id.component_type());
    let (Some((factory, _)), Some(_)) = (factory, config.component(kind, id)) else {
        let (id, pipeline) = (id.clone(), pipeline.clone());
        errors.push(GraphError::Unconfigured { id, kind, pipeline });
        return;
    };
    if factory.stability(pipeline.signal()).is_none() {
        errors.push(GraphError::UnsupportedSignal {
            id: id.clone(),
            kind,
            pipeline: pipeline.clone(),
            supported: Signal::ALL
                .into_iter()
                .filter(|signal| factory.stability(*signal).is_some())
                .collect(),
        });
    }
}

/// The connectors of a configuration with the pipelines at their ends.
pub(super) struct Connectors<'a> {
    ends: BTreeMap<&'a ComponentId, Ends<'a>>,
}

struct Ends<'a> {
    factory: Option<&'a Factory>,
    /// Pipelines that name the connector as an exporter.
    from: Vec<&'a PipelineId>,
    /// Pipelines that name it as a receiver.
    to: Vec<&'a PipelineId>,
}

impl<'a> Connectors<'a> {
    pub(super) fn new(config: &'a GraphConfig, registry: &'a Registry) -> Self {
        let mut ends = BTreeMap::new();
        for (kind, id) in config.components.keys() {
            if *kind != ComponentKind::Connector {
                continue;
            }
            let pipelines = |names: fn(&super::PipelineConfig) -> &Vec<ComponentId>| {
                config
                    .pipelines
                    .iter()
                    .filter(|(_, parts)| names(parts).contains(id))
                    .map(|(pipeline, _)| pipeline)
                    .collect()
            };
            let factory = registry
                .get(*kind, id.component_type())
                .map(|(factory, _)| factory);
            let from = pipelines(|parts| &parts.exporters);
            let to = pipelines(|parts| &parts.receivers);
            ends.insert(id, Ends { factory, from, to });
        }
        Self { ends }
    }

    /// The pipelines that `id` feeds when pipeline `from` names it as an exporter.
    pub(super) fn targets(&self, id: &ComponentId, from: Signal) -> Vec<&'a PipelineId> {
        let Some(ends) = self.ends.get(id) else {
            return Vec::new();
        };
        ends.to
            .iter()
            .copied()
            .filter(|to| ends.supports(from, to.signal()))
            .collect()
    }

    fn check_ends(&self, errors: &mut Vec<GraphError>) {
        for (id, ends) in &self.ends {
            let mut report = |role, other, alone: Vec<&PipelineId>| {
                if !alone.is_empty() {
                    let pipelines = alone.into_iter().cloned().collect();
                    errors.push(GraphError::Dangling {
                        id: (*id).clone(),
                        role,
                        other,
                        pipelines,
                    });
                }
            };
            let reaches =
                |from: &PipelineId, to: &PipelineId| ends.supports(from.signal(), to.signal());
            let no_receiver = |from: &&&PipelineId| !ends.to.iter().any(|to| reaches(from, to));
            let no_exporter = |to: &&&PipelineId| !ends.from.iter().any(|from| reaches(from, to));
            report(
                "exporter",
                "receiver",
                ends.from.iter().filter(no_receiver).copied().collect(),
            );
            report(
                "receiver",
                "exporter",
                ends.to.iter().filter(no_exporter).copied().collect(),
            );
        }
    }

    /// Depth first over the pipelines; what is downstream comes first.
    fn order(&self, config: &'a GraphConfig, errors: &mut Vec<GraphError>) -> Vec<PipelineId> {
        let mut walk = Walk {
            connectors: self,
            config,
            done: BTreeSet::new(),
            path: Vec::new(),
            order: Vec::new(),
            cycle: None,
        };
        for pipeline in config.pipelines.keys() {
            walk.visit(pipeline);
        }
        errors.extend(walk.cycle);
        walk.order
    }
}

impl Ends<'_> {
    fn supports(&self, from: Signal, to: Signal) -> bool {
        self.factory
            .is_some_and(|factory| factory.connector_stability(from, to).is_some())
    }
}

struct Walk<'a, 'b> {
    connectors: &'b Connectors<'a>,
    config: &'a GraphConfig,
    done: BTreeSet<&'a PipelineId>,
    /// The pipelines on the way here, each with the connector that led into it.
    path: Vec<(Option<&'a ComponentId>, &'a PipelineId)>,
    order: Vec<PipelineId>,
    cycle: Option<GraphError>,
}

impl<'a> Walk<'a, '_> {
    fn visit(&mut self, pipeline: &'a PipelineId) {
        self.enter(None, pipeline);
    }

    fn enter(&mut self, through: Option<&'a ComponentId>, pipeline: &'a PipelineId) {
        if let Some(at) = self.path.iter().position(|(_, known)| *known == pipeline) {
            self.cycle
                .get_or_insert_with(|| describe_cycle(self.config, &self.path[at..], through));
            return;
        }
        if self.done.contains(pipeline) {
            return;
        }
        self.path.push((through, pipeline));
        if let Some(parts) = self.config.pipelines.get(pipeline) {
            for id in &parts.exporters {
                if self.config.is_connector(id) {
                    for target in self.connectors.targets(id, pipeline.signal()) {
                        self.enter(Some(id), target);
                    }
                }
            }
        }
        self.path.pop();
        if self.done.insert(pipeline) {
            self.order.push(pipeline.clone());
        }
    }
}

/// The cycle as upstream prints it: connectors with their signals, then the processors of the
/// pipelines between them.
fn describe_cycle(
    config: &GraphConfig,
    pipelines: &[(Option<&ComponentId>, &PipelineId)],
    closing: Option<&ComponentId>,
) -> GraphError {
    let count = pipelines.len();
    let mut steps = Vec::new();
    for (index, (through, pipeline)) in pipelines.iter().enumerate() {
        // The connector into the first pipeline of the cycle is the one that closes it.
        let through = if index == 0 { closing } else { *through };
        let before = pipelines[(index + count - 1) % count].1;
        if let Some(id) = through {
            let (from, to) = (before.signal(), pipeline.signal());
            steps.push(format!("connector \"{id}\" ({from} to {to})"));
        }
        for id in config
            .pipelines
            .get(*pipeline)
            .map_or(&[][..], |parts| &parts.processors)
        {
            steps.push(format!("processor \"{id}\" in pipeline \"{pipeline}\""));
        }
    }
    if let Some(first) = steps.first().cloned() {
        steps.push(first);
    }
    let pipeline = pipelines[0].1.clone();
    GraphError::Cycle {
        path: steps.join(" -> "),
        pipeline,
    }
}
