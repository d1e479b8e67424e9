//! Reload: the new configuration is built first, and what runs goes on until the new one does.

use std::sync::Arc;
use std::time::Duration;

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
    /// The new pipelines are started beside the old ones, which are then drained. Where that
    /// cannot be because both want the same port, the old ones are stopped first, and started
    /// again if the new ones fail.
    ///
    /// # Errors
    /// [`ReloadError`]; only after [`ReloadError::Stopped`] nothing runs any more.
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
                running::log_shutdown_errors(&old.shutdown(self.shared.deadline()).await);
                Ok(())
            }
            Err(error) if is_taken(&error) => self.stop_first(configuration).await,
            Err(error) => Err(error.into()),
        }
    }

    async fn start_beside(&self, configuration: &Configuration) -> Result<Generation, StartError> {
        let generation = self.shared.build(configuration, &self.runtime)?;
        match generation.start().await {
            Ok(()) => Ok(generation),
            Err(error) => {
                running::log_shutdown_errors(&generation.shutdown(self.shared.deadline()).await);
                Err(error.into())
            }
        }
    }

    async fn stop_first(&mut self, configuration: &Configuration) -> Result<(), ReloadError> {
        tracing::info!("The new pipelines need what the running ones hold: stopping those first");
        running::log_shutdown_errors(&self.generation.shutdown(self.shared.deadline()).await);
        let error = match self.start_beside(configuration).await {
            Ok(generation) => {
                self.generation = generation;
                return Ok(());
            }
            Err(error) => error,
        };
        let mut last = None;
        for _ in 0..RESTARTS {
            match self.start_beside(&self.configuration).await {
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
