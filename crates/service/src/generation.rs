//! One built configuration with everything that lives and dies with it. A reload makes the next
//! generation.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use headwater_core::graph::{Environment, Graph, Topology};
use headwater_core::status::{Status, StatusReporter};
use headwater_core::{
    ComponentError, ComponentId, ComponentKind, Extension, Host, Registry, Runtime,
};
use headwater_transport::listen::Listeners;
use tokio::sync::{Mutex, mpsc};
use tracing::Instrument;

use crate::load::Configuration;
use crate::logs::chain;

/// How long a shutdown may go on after its deadline before it is given up: components get the
/// deadline and are expected to keep it.
const GRACE: Duration = Duration::from_secs(2);

pub(crate) struct Generation {
    graph: Graph,
    /// In start order.
    extensions: Vec<RunningExtension>,
    host: Host,
    listeners: Listeners,
    failures: Mutex<mpsc::Receiver<String>>,
    stopping: AtomicBool,
}

struct RunningExtension {
    id: ComponentId,
    extension: Arc<dyn Extension>,
    status: StatusReporter,
    span: tracing::Span,
}

impl Generation {
    /// Builds everything; starts nothing. Servers will listen through `listeners`.
    pub(crate) fn build(
        configuration: &Configuration,
        registry: &Registry,
        environment: &Environment,
        runtime: Arc<dyn Runtime>,
        listeners: Listeners,
    ) -> Result<Self, ComponentError> {
        let graph =
            Graph::build(&configuration.graph, registry, environment).map_err(|errors| {
                let all: Vec<String> = errors.iter().map(|error| chain(error)).collect();
                ComponentError::new(format!("failed to build pipelines: {}", all.join("; ")))
            })?;
        let extensions = build_extensions(configuration, registry, environment)?;
        let by_id: BTreeMap<_, _> = extensions
            .iter()
            .map(|running| (running.id.clone(), Arc::clone(&running.extension)))
            .collect();
        // The first failure is the one that matters.
        let (report, failures) = mpsc::channel(1);
        let watcher = report.clone();
        environment.statuses.watch(move |instance, event| {
            if event.status == Status::FatalError {
                let message = event.message.as_deref().unwrap_or("fatal error");
                let reason = format!("\"{}\" {}: {message}", instance.id, instance.kind);
                watcher.try_send(reason).ok();
            }
        });
        let host = Host::new(runtime, by_id, environment.budget.clone(), move |reason| {
            report.try_send(reason).ok();
        });
        Ok(Self {
            graph,
            extensions,
            host,
            listeners,
            failures: Mutex::new(failures),
            stopping: AtomicBool::new(false),
        })
    }

    /// Starts extensions, then pipelines; then takes clients over from the generation whose
    /// listeners these are. After an error [`Generation::shutdown`] ends what was started.
    pub(crate) async fn start(&self) -> Result<(), ComponentError> {
        self.listeners.scope(self.start_components()).await?;
        self.listeners.take_over();
        Ok(())
    }

    async fn start_components(&self) -> Result<(), ComponentError> {
        tracing::info!("Starting extensions...");
        for extension in &self.extensions {
            extension.start(&self.host).await.map_err(|error| {
                ComponentError::with_source("failed to start extensions", error)
            })?;
        }
        self.graph
            .start(&self.host)
            .await
            .map_err(|error| ComponentError::with_source("cannot start pipelines", error))?;
        for extension in &self.extensions {
            extension.extension.ready();
        }
        Ok(())
    }

    /// Listeners for the generation that is to replace this one.
    pub(crate) fn listeners(&self) -> Listeners {
        self.listeners.successor()
    }

    /// Stops receivers, lets everything flow out, stops exporters, then extensions. Gives up
    /// some time after `deadline`. Does nothing the second time.
    pub(crate) async fn shutdown(&self, deadline: Instant) -> Vec<ComponentError> {
        if self.stopping.swap(true, Ordering::Relaxed) {
            return Vec::new();
        }
        let limit = tokio::time::Instant::from_std(deadline + GRACE);
        let stopped = tokio::time::timeout_at(limit, self.stop(deadline)).await;
        stopped.unwrap_or_else(|_| {
            vec![ComponentError::new(
                "components were still shutting down after the deadline",
            )]
        })
    }

    async fn stop(&self, deadline: Instant) -> Vec<ComponentError> {
        for extension in &self.extensions {
            extension.extension.not_ready();
        }
        let mut errors = self.graph.shutdown(deadline).await;
        tracing::info!("Stopping extensions...");
        for extension in self.extensions.iter().rev() {
            errors.extend(extension.shutdown(deadline).await.err());
        }
        errors
    }

    /// Waits until a component says that the process cannot go on, and why.
    pub(crate) async fn failed(&self) -> String {
        match self.failures.lock().await.recv().await {
            Some(reason) => reason,
            // The host holds a sender as long as this lives.
            None => std::future::pending().await,
        }
    }

    pub(crate) const fn topology(&self) -> &Topology {
        self.graph.topology()
    }
}

fn build_extensions(
    configuration: &Configuration,
    registry: &Registry,
    environment: &Environment,
) -> Result<Vec<RunningExtension>, ComponentError> {
    let kind = ComponentKind::Extension;
    let mut extensions = Vec::new();
    for id in &configuration.extensions {
        let Some((factory, config)) = configuration.component(registry, kind, id) else {
            let message = format!("failed to build extensions: \"{id}\" is not configured");
            return Err(ComponentError::new(message));
        };
        let settings = environment.settings(kind, id);
        let (status, span) = (settings.status.clone(), settings.span.clone());
        let extension = factory
            .build_extension(settings, &*config)
            .map_err(|error| {
                let message = format!("failed to build extensions: failed to create \"{id}\"");
                ComponentError::with_source(message, error)
            })?;
        extensions.push(RunningExtension {
            id: id.clone(),
            extension,
            status,
            span,
        });
    }
    Ok(extensions)
}

impl RunningExtension {
    async fn start(&self, host: &Host) -> Result<(), ComponentError> {
        self.status.report(Status::Starting);
        tracing::info!(parent: &self.span, "Extension is starting...");
        let started = self.extension.start(host).instrument(self.span.clone());
        if let Err(error) = started.await {
            self.status
                .report_error(Status::PermanentError, error.to_string());
            let message = format!("failed to start \"{}\" extension", self.id);
            return Err(ComponentError::with_source(message, error));
        }
        if self.status.current() == Status::Starting {
            self.status.report(Status::Ok);
        }
        tracing::info!(parent: &self.span, "Extension started.");
        Ok(())
    }

    async fn shutdown(&self, deadline: Instant) -> Result<(), ComponentError> {
        if self.status.current() == Status::None {
            return Ok(());
        }
        self.status.report(Status::Stopping);
        let stopped = self
            .extension
            .shutdown(deadline)
            .instrument(self.span.clone());
        if let Err(error) = stopped.await {
            self.status
                .report_error(Status::PermanentError, error.to_string());
            let message = format!("failed to shut down \"{}\" extension", self.id);
            return Err(ComponentError::with_source(message, error));
        }
        self.status.report(Status::Stopped);
        Ok(())
    }
}
