//! What happens to a batch.

use headwater_core::pdata::edit::edit;
use headwater_core::{Batch, Component, ConsumeError, Processor, Settings, Signal};

use crate::config::ProbabilisticSamplerConfig;
use crate::decision::Judge;
use crate::instruments::{Instruments, Tally};
use crate::logs::Logs;
use crate::sampler::Sampler;
use crate::spans::Spans;

/// Keeps a share of what comes.
pub(crate) struct ProbabilisticSampler {
    config: ProbabilisticSamplerConfig,
    sampler: Sampler,
    instruments: Instruments,
    span: tracing::Span,
}

impl ProbabilisticSampler {
    pub(crate) fn new(settings: Settings, config: ProbabilisticSamplerConfig) -> Self {
        Self {
            sampler: Sampler::new(&config),
            span: settings.span.clone(),
            instruments: Instruments::new(settings, config.from_attribute.clone()),
            config,
        }
    }
}

impl Component for ProbabilisticSampler {}

impl Processor for ProbabilisticSampler {
    fn process(&self, batch: Batch) -> Result<Option<Batch>, ConsumeError> {
        let judge = Judge {
            sampler: &self.sampler,
            fail_closed: self.config.fail_closed,
            span: &self.span,
        };
        let (result, tally) = if batch.signal() == Signal::Traces {
            let mut spans = Spans::new(judge);
            (edit(batch, &mut spans), spans.tally)
        } else {
            let mut logs = Logs {
                judge,
                tally: Tally::default(),
                priority: &self.config.sampling_priority,
                precision: self.config.sampling_precision,
            };
            (edit(batch, &mut logs), logs.tally)
        };
        self.instruments.add(&tally);
        result.map_err(|error| ConsumeError::permanent("cannot sample").with_source(error))
    }
}
