//! Why a graph cannot be built.

use thiserror::Error;

use crate::{ComponentError, ComponentId, ComponentKind, PipelineId, Signal};

/// One reason why a graph cannot be built; [`super::Graph::build`] reports all that it finds.
#[derive(Debug, Error)]
pub enum GraphError {
    /// A component does not do the signal of a pipeline that names it.
    #[error(
        "failed to create \"{id}\" {kind} for data type {:?}: telemetry type is not supported",
        .pipeline.signal().as_str()
    )]
    UnsupportedSignal {
        /// The component.
        id: ComponentId,
        /// Its kind.
        kind: ComponentKind,
        /// A pipeline that names it.
        pipeline: PipelineId,
        /// The signals that it does.
        supported: Vec<Signal>,
    },
    /// A pipeline names a component that is not configured, or whose type is not linked.
    #[error("pipeline {pipeline} references {kind} \"{id}\" which is not configured")]
    Unconfigured {
        /// The component.
        id: ComponentId,
        /// Its kind.
        kind: ComponentKind,
        /// The pipeline.
        pipeline: PipelineId,
    },
    /// A connector is only used at one of its ends, or at ends it cannot connect.
    #[error(
        "connector \"{id}\" used as {role} in {pipelines:?} pipeline but not used in any supported {other} pipeline"
    )]
    Dangling {
        /// The connector.
        id: ComponentId,
        /// How it is used: `exporter` or `receiver`.
        role: &'static str,
        /// What is missing: `receiver` or `exporter`.
        other: &'static str,
        /// The pipelines in which it is used.
        pipelines: Vec<PipelineId>,
    },
    /// Connectors lead from a pipeline back to itself.
    #[error("cycle detected: {path}")]
    Cycle {
        /// The components on the cycle, joined by ` -> `.
        path: String,
        /// A pipeline on the cycle.
        pipeline: PipelineId,
    },
    /// A factory refused.
    #[error("failed to create \"{id}\" {kind}")]
    Component {
        /// The component.
        id: ComponentId,
        /// Its kind.
        kind: ComponentKind,
        /// What the factory said.
        #[source]
        source: ComponentError,
    },
}

impl GraphError {
    /// The configuration path that the error is about: `service::pipelines::traces` or
    /// `exporters::otlp`.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::UnsupportedSignal { pipeline, .. }
            | Self::Unconfigured { pipeline, .. }
            | Self::Cycle { pipeline, .. } => format!("service::pipelines::{pipeline}"),
            Self::Dangling { id, .. } => format!("connectors::{id}"),
            Self::Component { id, kind, .. } => format!("{}::{id}", kind.section()),
        }
    }
}
