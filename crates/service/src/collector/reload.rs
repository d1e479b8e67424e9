//! Reload: the new configuration is built first, and what runs goes on until the new one does.

use std::sync::Arc;
use std::time::Duration;

use headwater_core::Worker;
use tokio::sync::oneshot;

use super::{Loaded, RunningCollector, load_checked, running};
use crate::error::{ReloadError, StartError, is_taken};
use crate::generation::Generation;
use crate::load::{Configuration, Source, log_remarks};

/// How often, and how far apart, the earlier configuration is started again when the new one
/// turned out not to work: its ports may take a moment to be free.
const RESTARTS: u32 = 20;
const RESTART_PAUSE: Duration = Duration::from_millis(250);

impl RunningCollector {
    /// Changes to another configuration, in YAML. Reads and builds it first; on any error
    /// everything goes on as before.
    ///
    /// The new pipelines are started beside the old ones, take over the sockets that both listen
    /// on, and then the old ones are drained: clients notice nothing. Where both cannot run at
    /// once, because they want the same of something else, the old ones are stopped first, and
    /// started again if the new ones fail.
    ///
    /// # Errors
    /// [`ReloadError`]; only after [`ReloadError::Stopped`] nothing runs any more.
    ///
    /// # Cancel safety
    /// A reload may be dropped when a shutdown is to follow, which then ends whatever it began.
    pub async fn reload(&mut self, yaml: impl AsRef<str>) -> Result<(), ReloadError> {
        let source = Source {
            uris: vec![format!("yaml:{}", yaml.as_ref())],
            ..Source::default()
        };
        self.reload_from(source).await
    }

    /// Changes to the configuration that `source` now gives.
    pub(crate) async fn reload_from(&mut self, source: Source) -> Result<(), ReloadError> {
        let shared = Arc::clone(&self.shared);
        let loaded = tokio::task::spawn_blocking(move || {
            load_checked(&source, &shared.registry, &shared.build_info)
        });
        let loaded = loaded.await.map_err(|_| ReloadError::Interrupted)??;
        self.change(loaded).await
    }

    async fn change(&mut self, loaded: Loaded) -> Result<(), ReloadError> {
        let Loaded {
            configuration,
            diagnostics,
            ..
        } = loaded;
        let shared = Arc::clone(&self.shared);
        let telemetry = &configuration.telemetry;
        let lines = match &shared.logging {
            Some(logging) => {
                let resource = shared.resource(&configuration);
                let prepared = logging.prepare(&telemetry.logs, &resource);
                Some((logging, prepared.map_err(StartError::from)?))
            }
            None => None,
        };
        let bound = self.endpoints.bind(&shared, telemetry).await?;
        self.swap(&configuration).await?;
        if let Some((logging, prepared)) = lines {
            logging.apply(prepared);
        }
        log_remarks(&diagnostics);
        self.configuration = configuration;
        Ok(self.endpoints.commit(&shared, &*self.runtime, bound)?)
    }

    /// Puts the pipelines of `configuration` in the place of those that run.
    async fn swap(&mut self, configuration: &Configuration) -> Result<(), ReloadError> {
        match self.start_beside(configuration).await {
            Ok(generation) => {
                let old = std::mem::replace(&mut self.generation, generation);
                self.drain(old).await;
                Ok(())
            }
            Err(error) if is_taken(&error) => self.stop_first(configuration).await,
            Err(error) => Err(error.into()),
        }
    }

    async fn start_beside(
        &mut self,
        configuration: &Configuration,
    ) -> Result<Arc<Generation>, StartError> {
        let listeners = self.generation.listeners();
        let generation = self.shared.build(configuration, &self.runtime, listeners)?;
        let generation = Arc::new(generation);
        self.starting = Some(Arc::clone(&generation));
        let started = generation.start().await;
        self.starting = None;
        if let Err(error) = started {
            self.drain(generation).await;
            return Err(error.into());
        }
        Ok(generation)
    }

    /// Shuts a generation down in a task of its own, so that it goes on when the reload is
    /// dropped.
    async fn drain(&mut self, generation: Arc<Generation>) {
        let deadline = self.shared.deadline();
        let (done, drained) = oneshot::channel();
        let task = self.runtime.spawn(
            Worker::Current,
            Box::pin(async move {
                running::log_shutdown_errors(&generation.shutdown(deadline).await);
                done.send(()).ok();
            }),
        );
        self.draining.push(task);
        // An error means that the task is over, too.
        drained.await.ok();
        self.draining.clear();
    }

    async fn stop_first(&mut self, configuration: &Configuration) -> Result<(), ReloadError> {
        tracing::info!("The new pipelines need what the running ones hold: stopping those first");
        self.drain(Arc::clone(&self.generation)).await;
        let error = match self.start_beside(configuration).await {
            Ok(generation) => {
                self.generation = generation;
                return Ok(());
            }
            Err(error) => error,
        };
        let mut last = None;
        for _ in 0..RESTARTS {
            let earlier = self.configuration.clone();
            match self.start_beside(&earlier).await {
                Ok(generation) => {
                    self.generation = generation;
                    return Err(error.into());
                }
                Err(again) => last = Some(again),
            }
            tokio::time::sleep(RESTART_PAUSE).await;
        }
        Err(ReloadError::Stopped(last.unwrap_or(error)))
    }
}
