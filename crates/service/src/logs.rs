//! The collector's own log lines, in the shape that zap gives them: console lines separated by
//! tabs, or JSON.
//!
//! A small subscriber of our own: a line takes the fields of the component's span, is sampled
//! by level and message, and is written at once to every output.

mod clock;
mod json;
mod line;
mod output;
mod sampler;
mod spans;
mod subscriber;

use std::sync::{Arc, PoisonError, RwLock};

pub(crate) use json::write_string as write_json_string;
pub use output::OutputError;
pub(crate) use spans::chain;
pub use subscriber::LogSubscriber;

use crate::telemetry::LogsConfig;
use line::Format;
use output::Outputs;
use sampler::Sampler;

/// Everything about the lines that the configuration decides.
struct Settings {
    /// The most verbose level to show; `None` shows nothing.
    level: Option<tracing::Level>,
    format: Format,
    sampler: Option<Sampler>,
    outputs: Outputs,
}

/// Open outputs that nothing is written to yet.
pub(crate) struct Prepared(Arc<Settings>);

/// The handle to a [`LogSubscriber`]: changes how lines look and where they go while it runs.
/// Cheap to clone.
#[derive(Clone)]
pub struct Logging(Arc<RwLock<Arc<Settings>>>);

impl Logging {
    /// Opens the outputs of `config`. `resource` is what every line carries unless the
    /// configuration says otherwise.
    ///
    /// # Errors
    /// [`OutputError`] for a file that cannot be opened.
    pub fn open(config: &LogsConfig, resource: &[(String, String)]) -> Result<Self, OutputError> {
        Ok(Self(Arc::new(RwLock::new(Arc::new(Settings::open(
            config, resource,
        )?)))))
    }

    /// Opens the outputs of `config` for [`Logging::apply`].
    pub(crate) fn prepare(
        &self,
        config: &LogsConfig,
        resource: &[(String, String)],
    ) -> Result<Prepared, OutputError> {
        Ok(Prepared(Arc::new(Settings::open(config, resource)?)))
    }

    /// Lets every later line follow what was prepared.
    pub(crate) fn apply(&self, prepared: Prepared) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = prepared.0;
        tracing::callsite::rebuild_interest_cache();
    }

    fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl std::fmt::Debug for Logging {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Logging")
            .field("level", &self.settings().level)
            .finish_non_exhaustive()
    }
}

impl Settings {
    fn open(config: &LogsConfig, resource: &[(String, String)]) -> Result<Self, OutputError> {
        Ok(Self {
            level: config.level.to_tracing(),
            format: Format::new(config, resource),
            sampler: Sampler::new(&config.sampling),
            outputs: Outputs::open(&config.output_paths)?,
        })
    }
}
