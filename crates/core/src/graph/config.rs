//! What a graph is built from.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::factory::AnyConfig;
use crate::ledger::{Account, Ledger};
use crate::status::{Instance, StatusBoard};
use crate::telemetry::Telemetry;
use crate::{Budget, BuildInfo, ComponentId, ComponentKind, PipelineId, Settings, Signal};

/// The components of one pipeline, by id, in order.
#[derive(Debug, Clone, Default)]
pub struct PipelineConfig {
    /// Receivers and connectors; at least one.
    pub receivers: Vec<ComponentId>,
    /// Processors, in the order in which they run.
    pub processors: Vec<ComponentId>,
    /// Exporters and connectors; at least one.
    pub exporters: Vec<ComponentId>,
}

/// A decoded configuration: what every id is configured as, and the pipelines.
#[derive(Debug, Clone, Default)]
pub struct GraphConfig {
    /// Decoded configurations by kind and id.
    pub components: BTreeMap<(ComponentKind, ComponentId), Arc<dyn AnyConfig>>,
    /// The pipelines.
    pub pipelines: BTreeMap<PipelineId, PipelineConfig>,
}

impl GraphConfig {
    pub(super) fn component(
        &self,
        kind: ComponentKind,
        id: &ComponentId,
    ) -> Option<&dyn AnyConfig> {
        self.components
            .get(&(kind, id.clone()))
            .map(|config| &**config)
    }

    pub(super) fn is_connector(&self, id: &ComponentId) -> bool {
        self.component(ComponentKind::Connector, id).is_some()
    }
}

/// What all components of a process share.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Own instruments.
    pub telemetry: Telemetry,
    /// The books.
    pub ledger: Ledger,
    /// Component status.
    pub statuses: StatusBoard,
    /// The budget of bytes held.
    pub budget: Budget,
    /// Name and version of the distribution.
    pub build_info: Arc<BuildInfo>,
}

impl Environment {
    /// An environment with empty books and no limit, for embedding programs and tests.
    #[must_use]
    pub fn new(build_info: BuildInfo) -> Self {
        Self {
            telemetry: Telemetry::default(),
            ledger: Ledger::default(),
            statuses: StatusBoard::default(),
            budget: Budget::default(),
            build_info: Arc::new(build_info),
        }
    }

    /// The settings of a component that stands for itself: a receiver or an extension.
    #[must_use]
    pub fn settings(&self, kind: ComponentKind, id: &ComponentId) -> Settings {
        let span = tracing::error_span!(
            "component",
            otelcol.component.id = %id,
            otelcol.component.kind = kind.as_str(),
        );
        self.with_span(kind, id, String::new(), span)
    }

    /// The settings of an exporter for one signal.
    #[must_use]
    pub fn signal_settings(
        &self,
        kind: ComponentKind,
        id: &ComponentId,
        signal: Signal,
    ) -> Settings {
        let span = tracing::error_span!(
            "component",
            otelcol.component.id = %id,
            otelcol.component.kind = kind.as_str(),
            otelcol.signal = signal.as_str(),
        );
        let settings = self.with_span(kind, id, signal.as_str().to_owned(), span);
        Settings {
            signal: Some(signal),
            ..settings
        }
    }

    /// The settings of a processor in one pipeline.
    #[must_use]
    pub fn pipeline_settings(&self, id: &ComponentId, pipeline: &PipelineId) -> Settings {
        let kind = ComponentKind::Processor;
        let span = tracing::error_span!(
            "component",
            otelcol.component.id = %id,
            otelcol.component.kind = kind.as_str(),
            otelcol.pipeline.id = %pipeline,
            otelcol.signal = pipeline.signal().as_str(),
        );
        let settings = self.with_span(kind, id, pipeline.to_string(), span);
        Settings {
            signal: Some(pipeline.signal()),
            pipeline: Some(pipeline.clone()),
            ..settings
        }
    }

    /// The settings of a connector from one signal to another.
    #[must_use]
    pub fn connector_settings(&self, id: &ComponentId, from: Signal, to: Signal) -> Settings {
        let kind = ComponentKind::Connector;
        let span = tracing::error_span!(
            "component",
            otelcol.component.id = %id,
            otelcol.component.kind = kind.as_str(),
            otelcol.signal = from.as_str(),
            otelcol.signal.output = to.as_str(),
        );
        let settings = self.with_span(kind, id, format!("{from}_to_{to}"), span);
        Settings {
            signal: Some(from),
            ..settings
        }
    }

    fn with_span(
        &self,
        kind: ComponentKind,
        id: &ComponentId,
        part: String,
        span: tracing::Span,
    ) -> Settings {
        let instance = Instance {
            kind,
            id: id.clone(),
            part,
        };
        let account: Account = self.ledger.account(instance.clone());
        Settings {
            id: id.clone(),
            kind,
            signal: None,
            pipeline: None,
            telemetry: self.telemetry.clone(),
            account,
            status: self.statuses.reporter(instance),
            budget: self.budget.clone(),
            build_info: Arc::clone(&self.build_info),
            span,
        }
    }
}
