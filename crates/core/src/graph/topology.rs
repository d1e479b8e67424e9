//! The components and how they are connected, for people.

use std::collections::BTreeSet;
use std::fmt;

use super::GraphConfig;
use super::check::Connectors;
use crate::{ComponentId, ComponentKind, PipelineId, Registry};

/// One component as it stands in the graph.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId {
    /// The kind.
    pub kind: ComponentKind,
    /// The id as written.
    pub id: ComponentId,
    /// The pipeline, for processors, which are built once per pipeline.
    pub pipeline: Option<PipelineId>,
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.id)?;
        match &self.pipeline {
            Some(pipeline) => write!(f, " in {pipeline}"),
            None => Ok(()),
        }
    }
}

/// Data of one pipeline flows from one component to another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edge {
    /// Whose output it is.
    pub from: NodeId,
    /// Whose input it is.
    pub to: NodeId,
    /// The pipeline.
    pub pipeline: PipelineId,
}

/// Components and edges, ordered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Topology {
    /// Every component that a pipeline uses.
    pub nodes: BTreeSet<NodeId>,
    /// Every connection.
    pub edges: BTreeSet<Edge>,
}

impl Topology {
    /// The topology of `config`; edges of connectors that lead nowhere are left out.
    #[must_use]
    pub fn new(config: &GraphConfig, registry: &Registry) -> Self {
        let connectors = Connectors::new(config, registry);
        let mut topology = Self::default();
        for (pipeline, parts) in &config.pipelines {
            let end = |id: &ComponentId, kind| {
                let connector = config.is_connector(id);
                let kind = if connector {
                    ComponentKind::Connector
                } else {
                    kind
                };
                NodeId {
                    kind,
                    id: id.clone(),
                    pipeline: None,
                }
            };
            let mut before: Vec<NodeId> = parts
                .receivers
                .iter()
                .map(|id| end(id, ComponentKind::Receiver))
                .collect();
            for id in &parts.processors {
                let (kind, id) = (ComponentKind::Processor, id.clone());
                let node = NodeId {
                    kind,
                    id,
                    pipeline: Some(pipeline.clone()),
                };
                topology.connect(&before, &node, pipeline);
                before = vec![node];
            }
            for id in &parts.exporters {
                let dangling =
                    config.is_connector(id) && connectors.targets(id, pipeline.signal()).is_empty();
                if !dangling {
                    topology.connect(&before, &end(id, ComponentKind::Exporter), pipeline);
                }
            }
        }
        topology
    }

    fn connect(&mut self, before: &[NodeId], to: &NodeId, pipeline: &PipelineId) {
        self.nodes.insert(to.clone());
        for from in before {
            self.nodes.insert(from.clone());
            let (from, to, pipeline) = (from.clone(), to.clone(), pipeline.clone());
            self.edges.insert(Edge { from, to, pipeline });
        }
    }
}
