//! [`Collector`]: a collector as a library. The command line is built on it as well.

mod endpoints;
mod reload;
mod running;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use headwater_core::config::Diagnostics;
use headwater_core::graph::Environment;
use headwater_core::ledger::Ledger;
use headwater_core::telemetry::Telemetry;
use headwater_core::{Budget, BuildInfo, Registry, Runtime};
use headwater_transport::listen::Listeners;

use crate::error::{ConfigError, StartError};
use crate::gates::Gates;
use crate::generation::Generation;
use crate::load::{Configuration, Loaded, Source, check, load};
use crate::logs::Logging;
use crate::metrics::Sources;
use crate::workers::Embedded;

use endpoints::Endpoints;
pub use running::{RunningCollector, Shutdown};

/// How long a shutdown may take unless somebody says otherwise.
pub const DEFAULT_SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(30);

/// A configuration that was read, checked and found to be good, ready to start.
///
/// ```
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use headwater_service::Collector;
///
/// let collector = Collector::builder()
///     .config("{receivers: {nop: }, exporters: {nop: },
///               service: {pipelines: {traces: {receivers: [nop], exporters: [nop]}}}}")
///     .build()?;
/// let running = collector.start().await?;
/// // …
/// running.shutdown().await;
/// # Ok(())
/// # }
/// ```
///
/// It runs on the tokio runtime that [`Collector::start`] is called on. It starts no threads,
/// handles no signals, sets no global subscriber and opens no port for its own metrics: all that
/// belongs to the program around it.
pub struct Collector {
    shared: Arc<Shared>,
    configuration: Configuration,
    diagnostics: Diagnostics,
}

/// What stays the same over reloads.
pub(crate) struct Shared {
    pub(crate) registry: Registry,
    build_info: Arc<BuildInfo>,
    telemetry: Telemetry,
    ledger: Ledger,
    sources: Sources,
    instance_id: String,
    /// Whether the endpoints of `service::telemetry::metrics` are opened.
    serve_metrics: bool,
    /// What follows `service::telemetry::logs`, if anything does.
    logging: Option<Logging>,
    shutdown_timeout: Duration,
}

/// How a [`Collector`] is put together.
#[derive(Debug, Clone)]
pub struct CollectorBuilder {
    registry: Option<Registry>,
    build_info: BuildInfo,
    source: Source,
    serve_metrics: bool,
    shutdown_timeout: Duration,
}

impl Collector {
    /// A collector with the linked components and no configuration.
    #[must_use]
    pub fn builder() -> CollectorBuilder {
        CollectorBuilder {
            registry: None,
            build_info: BuildInfo {
                command: "headwater".to_owned(),
                description: "Headwater".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            source: Source::default(),
            serve_metrics: false,
            shutdown_timeout: DEFAULT_SHUTDOWN_TIMEOUT,
        }
    }

    /// Warnings and notes about the configuration.
    #[must_use]
    pub const fn diagnostics(&self) -> &Diagnostics {
        &self.diagnostics
    }

    /// Starts extensions, exporters, processors and receivers on the current tokio runtime.
    ///
    /// # Errors
    /// [`StartError`] of the first component that cannot start; what was started is stopped.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn start(self) -> Result<RunningCollector, StartError> {
        let runtime = Arc::new(Embedded(tokio::runtime::Handle::current()));
        self.start_on(runtime).await
    }

    /// As [`Collector::start`], the tasks on `runtime`.
    ///
    /// # Errors
    /// As [`Collector::start`].
    pub async fn start_on(self, runtime: Arc<dyn Runtime>) -> Result<RunningCollector, StartError> {
        let Self {
            shared,
            configuration,
            ..
        } = self;
        let mut endpoints = Endpoints::default();
        let bound = endpoints.bind(&shared, &configuration.telemetry).await?;
        let generation = shared.build(&configuration, &runtime, Listeners::default())?;
        if let Err(error) = generation.start().await {
            let errors = generation.shutdown(shared.deadline()).await;
            running::log_shutdown_errors(&errors);
            return Err(error.into());
        }
        endpoints.commit(&shared, &*runtime, bound)?;
        Ok(RunningCollector {
            shared,
            runtime,
            generation: Arc::new(generation),
            starting: None,
            draining: Vec::new(),
            configuration,
            endpoints,
        })
    }

    /// The attributes that identify this process.
    pub(crate) fn resource(&self) -> Vec<(String, String)> {
        self.shared.resource(&self.configuration)
    }

    /// The decoded configuration.
    pub(crate) const fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// The same collector, whose reloads change `logging` as well.
    pub(crate) fn with_logging(mut self, logging: Logging) -> Self {
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.logging = Some(logging);
        }
        self
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector")
            .field("command", &self.shared.build_info.command)
            .field("pipelines", &self.configuration.graph.pipelines.keys())
            .finish_non_exhaustive()
    }
}

impl CollectorBuilder {
    /// Uses these components. Default: those that are linked into the program.
    #[must_use]
    pub fn registry(mut self, registry: Registry) -> Self {
        self.registry = Some(registry);
        self
    }

    /// Sets the name and version that components and own telemetry show. Default: Headwater's.
    #[must_use]
    pub fn build_info(mut self, build_info: BuildInfo) -> Self {
        self.build_info = build_info;
        self
    }

    /// Adds a configuration as YAML text; later ones are merged onto earlier ones.
    #[must_use]
    pub fn config(self, yaml: impl AsRef<str>) -> Self {
        self.config_uri(format!("yaml:{}", yaml.as_ref()))
    }

    /// Adds a configuration by URI or path, as `--config` does.
    #[must_use]
    pub fn config_uri(mut self, uri: impl Into<String>) -> Self {
        self.source.uris.push(uri.into());
        self
    }

    /// Sets one value, as `--set` does: `exporters.debug.verbosity=detailed`.
    #[must_use]
    pub fn set(mut self, assignment: impl Into<String>) -> Self {
        self.source.sets.push(assignment.into());
        self
    }

    /// Switches feature gates, as `--feature-gates` does: `a,-b`.
    #[must_use]
    pub fn feature_gates(mut self, gates: &str) -> Self {
        self.source.gates = Gates::parse([gates]);
        self
    }

    /// Whether to open the endpoints of `service::telemetry::metrics`, by default
    /// localhost:8888. Default: no; [`RunningCollector::prometheus_text`] gives the same text.
    #[must_use]
    pub const fn serve_metrics(mut self, serve: bool) -> Self {
        self.serve_metrics = serve;
        self
    }

    /// How long [`RunningCollector::shutdown`] and a reload wait for data to flow out.
    /// Default: 30 s.
    #[must_use]
    pub const fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.shutdown_timeout = timeout;
        self
    }

    pub(crate) fn source(mut self, source: Source) -> Self {
        self.source = source;
        self
    }

    /// Reads and checks the configuration; builds every component for a try. Blocks on files,
    /// and on the network for `http:` URIs.
    ///
    /// # Errors
    /// [`ConfigError`] with everything that is wrong.
    pub fn build(self) -> Result<Collector, ConfigError> {
        let registry = self.registry.unwrap_or_else(Registry::linked);
        let Loaded {
            configuration,
            diagnostics,
            ..
        } = load_checked(&self.source, &registry, &self.build_info)?;
        let (telemetry, ledger) = (Telemetry::default(), Ledger::default());
        let shared = Shared {
            registry,
            build_info: Arc::new(self.build_info),
            sources: Sources::new(telemetry.clone(), ledger.clone()),
            telemetry,
            ledger,
            instance_id: headwater_core::uuid::random(),
            serve_metrics: self.serve_metrics,
            logging: None,
            shutdown_timeout: self.shutdown_timeout,
        };
        Ok(Collector {
            shared: Arc::new(shared),
            configuration,
            diagnostics,
        })
    }
}

/// Reads and checks; an error if anything is wrong.
pub(crate) fn load_checked(
    source: &Source,
    registry: &Registry,
    build_info: &BuildInfo,
) -> Result<Loaded, ConfigError> {
    let mut loaded = load(source, registry);
    check(&mut loaded, registry, build_info);
    if loaded.diagnostics.has_errors() {
        return Err(ConfigError::new(loaded.diagnostics));
    }
    Ok(loaded)
}

impl Shared {
    /// Builds a generation: instruments and books are those of the process, status and budget
    /// are its own, so that two generations can run side by side during a reload.
    fn build(
        &self,
        configuration: &Configuration,
        runtime: &Arc<dyn Runtime>,
        listeners: Listeners,
    ) -> Result<Generation, StartError> {
        let environment = Environment {
            telemetry: self.telemetry.clone(),
            ledger: self.ledger.clone(),
            statuses: headwater_core::status::StatusBoard::default(),
            budget: Budget::default(),
            build_info: Arc::clone(&self.build_info),
        };
        let runtime = Arc::clone(runtime);
        Ok(Generation::build(
            configuration,
            &self.registry,
            &environment,
            runtime,
            listeners,
        )?)
    }

    fn resource(&self, configuration: &Configuration) -> Vec<(String, String)> {
        let resource = &configuration.telemetry.resource;
        resource.attributes(&self.build_info, &self.instance_id)
    }

    fn deadline(&self) -> std::time::Instant {
        std::time::Instant::now() + self.shutdown_timeout
    }
}
