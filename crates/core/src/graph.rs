//! The pipeline graph: from ids and decoded configurations to running components.
//!
//! Build goes from the far end to the receivers, because each part is given its next consumer.
//! Consecutive inline processors become one [`chain`]; several consumers become one
//! [`fan_out`]. Nothing here spawns: a batch runs from receiver to queue on the caller's task.

mod build;
mod chain;
mod check;
mod config;
mod error;
mod fan_out;
mod lifecycle;
mod topology;

pub use config::{Environment, GraphConfig, PipelineConfig};
pub use error::GraphError;
pub use topology::{Edge, NodeId, Topology};

use std::sync::Arc;

use crate::status::StatusReporter;
use crate::{Component, ComponentId, ComponentKind};

/// One built instance with what the lifecycle needs to know of it.
struct Instance {
    kind: ComponentKind,
    id: ComponentId,
    component: Arc<dyn Component>,
    status: StatusReporter,
    span: tracing::Span,
}

/// The built pipelines of one configuration.
///
/// Holds every instance in start order: what is downstream comes first, receivers last.
pub struct Graph {
    instances: Vec<Instance>,
    topology: Topology,
}

impl Graph {
    /// The components and how they are connected, for printing.
    #[must_use]
    pub const fn topology(&self) -> &Topology {
        &self.topology
    }
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Graph")
            .field("topology", &self.topology)
            .finish_non_exhaustive()
    }
}
