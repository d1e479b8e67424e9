//! The traits that components implement, and what each is given when it is built.
//!
//! Life of a component: a factory builds it from a decoded configuration (no sockets, no
//! tasks), [`Component::start`] binds and connects, [`Component::shutdown`] ends it. Start goes
//! from exporters to receivers, shutdown from receivers to exporters, so that a component always
//! has somebody to send to.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use thiserror::Error;

use crate::ledger::Account;
use crate::status::StatusReporter;
use crate::telemetry::Telemetry;
use crate::{
    Batch, Budget, ComponentId, ComponentKind, ConsumeError, Consumer, Host, PipelineId, Signal,
};

/// Any error, boxed.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// Why a component could not be built, started or stopped: a phrase that says what was being
/// done and to what; causes in `source()`.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct ComponentError {
    message: String,
    #[source]
    source: Option<BoxError>,
}

impl ComponentError {
    /// An error without a cause.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            source: None,
        }
    }

    /// An error with its cause.
    pub fn with_source(message: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self {
            message: message.into(),
            source: Some(source.into()),
        }
    }
}

/// What every component has: a beginning and an end. Both default to nothing.
#[async_trait]
pub trait Component: Send + Sync {
    /// Binds, connects, spawns. Called once.
    ///
    /// # Errors
    /// [`ComponentError`] stops the process's start; what was started is shut down again.
    async fn start(&self, host: &Host) -> Result<(), ComponentError> {
        let _ = host;
        Ok(())
    }

    /// Stops taking new work, finishes what is in hand until `deadline`, releases everything.
    /// Called once, also when `start` failed half-way; must then succeed.
    ///
    /// # Errors
    /// [`ComponentError`] is logged; shutdown of the others goes on.
    async fn shutdown(&self, deadline: Instant) -> Result<(), ComponentError> {
        let _ = deadline;
        Ok(())
    }
}

/// Takes telemetry in and hands it to the [`Outputs`] that it was built with.
pub trait Receiver: Component {}

/// Changes or drops telemetry without holding it: a plain function, which the graph fuses with
/// its neighbours.
pub trait Processor: Component {
    /// Returns what is to go on; `None` when everything was filtered out. The graph books the
    /// difference in items as filtered.
    ///
    /// # Errors
    /// [`ConsumeError`] refuses the batch; the error goes back to the sender.
    fn process(&self, batch: Batch) -> Result<Option<Batch>, ConsumeError>;
}

/// Holds telemetry before it hands it to the next consumer, which it was built with. It keeps
/// its own [`Account`].
pub trait BufferingProcessor: Component + Consumer {}

/// Sends telemetry out. One instance per signal and id, shared by every pipeline of the signal.
pub trait Exporter: Component + Consumer {}

/// Ends a pipeline of one signal and begins pipelines of another, or of the same.
pub trait Connector: Component + Consumer {}

/// Serves components: authentication, storage, health. Sees no telemetry.
pub trait Extension: Component {
    /// Checks the requests that servers receive, if the extension does that.
    fn server_authenticator(&self) -> Option<Arc<dyn crate::auth::ServerAuthenticator>> {
        None
    }

    /// Signs the requests that clients send, if the extension does that.
    fn client_authenticator(&self) -> Option<Arc<dyn crate::auth::ClientAuthenticator>> {
        None
    }

    /// Keeps what components want to survive the process, if the extension does that.
    fn storage(&self) -> Option<Arc<dyn crate::storage::Storage>> {
        None
    }

    /// All pipelines have been started.
    fn ready(&self) {}

    /// Shutdown is about to begin.
    fn not_ready(&self) {}
}

/// A built processor.
pub enum BuiltProcessor {
    /// A plain function; the graph fuses it.
    Inline(Arc<dyn Processor>),
    /// One that holds data and already has its next consumer.
    Buffering(Arc<dyn BufferingProcessor>),
}

impl std::fmt::Debug for BuiltProcessor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Inline(_) => "Inline",
            Self::Buffering(_) => "Buffering",
        })
    }
}

/// Name and version of the distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildInfo {
    /// The command, also `service.name`: `otelcol`, `pattern-a`.
    pub command: String,
    /// One line for people; part of the user agent.
    pub description: String,
    /// The version; also `service.version`.
    pub version: String,
}

/// What a component is given when it is built.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The id as written in the configuration.
    pub id: ComponentId,
    /// The kind.
    pub kind: ComponentKind,
    /// The signal, where the instance serves only one (exporters, processors, connector inputs).
    pub signal: Option<Signal>,
    /// The pipeline, for processors.
    pub pipeline: Option<PipelineId>,
    /// Where to make instruments.
    pub telemetry: Telemetry,
    /// The component's books.
    pub account: Account,
    /// How to tell the component's status.
    pub status: StatusReporter,
    /// The process-wide byte budget.
    pub budget: Budget,
    /// Name and version of the distribution.
    pub build_info: Arc<BuildInfo>,
    /// Carries the component's identity into log lines:
    /// `tracing::info!(parent: &settings.span, endpoint = %addr, "Starting GRPC server")`.
    pub span: tracing::Span,
}

/// Where a receiver sends: the consumer of each signal that has a pipeline.
#[derive(Clone, Default)]
pub struct Outputs([Option<Arc<dyn Consumer>>; 3]);

impl Outputs {
    /// No outputs; fill with [`Outputs::with`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same outputs with `consumer` for `signal`.
    #[must_use]
    pub fn with(mut self, signal: Signal, consumer: Arc<dyn Consumer>) -> Self {
        self.0[signal.index()] = Some(consumer);
        self
    }

    /// The consumer of `signal`; `None` when no pipeline of that signal uses the receiver.
    #[must_use]
    pub fn get(&self, signal: Signal) -> Option<&Arc<dyn Consumer>> {
        self.0[signal.index()].as_ref()
    }

    /// The signals that have a pipeline.
    pub fn signals(&self) -> impl Iterator<Item = Signal> {
        Signal::ALL
            .into_iter()
            .filter(|signal| self.get(*signal).is_some())
    }
}

impl std::fmt::Debug for Outputs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.signals()).finish()
    }
}

/// Where a connector sends: the pipelines of its output signal that name it as a receiver.
#[derive(Clone)]
pub struct ConnectorOutputs {
    /// The output signal.
    pub signal: Signal,
    /// All of the pipelines at once.
    pub all: Arc<dyn Consumer>,
    /// Each by id, for connectors that choose.
    pub pipelines: BTreeMap<PipelineId, Arc<dyn Consumer>>,
}

impl std::fmt::Debug for ConnectorOutputs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConnectorOutputs")
            .field("signal", &self.signal)
            .field("pipelines", &self.pipelines.keys())
            .finish_non_exhaustive()
    }
}
