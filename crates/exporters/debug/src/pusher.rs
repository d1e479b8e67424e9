//! What happens to a batch.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use headwater_core::{Batch, ComponentError, ConsumeError, Host};
use headwater_exporting::{Pusher, Sent};
use tracing::Span;

use crate::config::{DebugConfig, Verbosity};
use crate::output::Output;
use crate::sampler::Sampler;
use crate::text::{self, Counts};

/// Writes batches as text.
pub(crate) struct DebugPusher {
    span: Span,
    verbosity: Verbosity,
    sampler: Sampler,
    /// `None`: the log of the process.
    paths: Option<Vec<String>>,
    output: Output,
    /// A message could not be written; that is said once.
    failed: AtomicBool,
}

impl DebugPusher {
    pub(crate) fn new(span: Span, config: &DebugConfig) -> Self {
        let paths = || {
            config
                .output_paths
                .clone()
                .unwrap_or_else(|| vec!["stdout".to_owned()])
        };
        Self {
            span,
            verbosity: config.verbosity,
            sampler: Sampler::new(config.sampling_initial, config.sampling_thereafter),
            paths: (!config.use_internal_logger).then(paths),
            output: Output::default(),
            failed: AtomicBool::new(false),
        }
    }

    fn counts(&self, counts: &Counts) {
        if !self.sampler.passes(counts.title(), Instant::now()) {
            return;
        }
        if self.paths.is_some() {
            self.write(&format!("{}\t{counts}", counts.title()));
            return;
        }
        let parent = &self.span;
        match *counts {
            Counts::Traces { resources, spans } => tracing::info!(
                parent: parent,
                { "resource spans" = resources, "spans" = spans },
                "Traces"
            ),
            Counts::Metrics {
                resources,
                metrics,
                points,
            } => tracing::info!(
                parent: parent,
                { "resource metrics" = resources, "metrics" = metrics, "data points" = points },
                "Metrics"
            ),
            Counts::Logs { resources, records } => tracing::info!(
                parent: parent,
                { "resource logs" = resources, "log records" = records },
                "Logs"
            ),
        }
    }

    fn text(&self, text: &str) {
        if !self.sampler.passes(text, Instant::now()) {
            return;
        }
        if self.paths.is_some() {
            self.write(text);
        } else {
            tracing::info!(parent: &self.span, "{text}");
        }
    }

    fn write(&self, message: &str) {
        if let Err(error) = self.output.write(message)
            && !self.failed.swap(true, Ordering::Relaxed)
        {
            tracing::error!(parent: &self.span, error = %error, "cannot write to output_paths");
        }
    }
}

#[async_trait]
impl Pusher for DebugPusher {
    async fn push(&self, batch: &Batch, _: Option<Duration>) -> Result<Sent, ConsumeError> {
        // Text that nobody sees is not worth making.
        if self.paths.is_some() || tracing::enabled!(tracing::Level::INFO) {
            self.counts(&Counts::of(batch));
            match self.verbosity {
                Verbosity::Basic => {}
                Verbosity::Normal => self.text(&text::normal(batch)),
                Verbosity::Detailed => self.text(&text::detailed(batch)),
            }
        }
        Ok(Sent::complete())
    }

    async fn start(&self, _: &Host) -> Result<(), ComponentError> {
        self.paths
            .as_ref()
            .map_or(Ok(()), |paths| self.output.open(paths))
    }

    async fn shutdown(&self, _: Instant) -> Result<(), ComponentError> {
        self.output.close();
        Ok(())
    }
}
