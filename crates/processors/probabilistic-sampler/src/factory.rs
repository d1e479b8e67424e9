//! Type, signals, stability.

use std::sync::Arc;

use headwater_core::{
    BuiltProcessor, ComponentError, Consumer, Factory, ProcessorFactory, Settings, Signal,
    Stability,
};

use crate::config::ProbabilisticSamplerConfig;
use crate::processor::ProbabilisticSampler;

struct ProbabilisticSamplerFactory;

/// The factory of the `probabilistic_sampler` processor.
#[must_use]
pub fn factory() -> Factory {
    Factory::processor(ProbabilisticSamplerFactory)
}

impl ProcessorFactory for ProbabilisticSamplerFactory {
    type Config = ProbabilisticSamplerConfig;
    const TYPE: &'static str = "probabilistic_sampler";

    fn stability(&self, signal: Signal) -> Option<Stability> {
        match signal {
            Signal::Traces => Some(Stability::Beta),
            Signal::Logs => Some(Stability::Alpha),
            Signal::Metrics => None,
        }
    }

    fn build(
        &self,
        settings: Settings,
        config: ProbabilisticSamplerConfig,
        _: Arc<dyn Consumer>,
    ) -> Result<BuiltProcessor, ComponentError> {
        let processor = ProbabilisticSampler::new(settings, config);
        Ok(BuiltProcessor::Inline(Arc::new(processor)))
    }
}
