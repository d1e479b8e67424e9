//! Type, signals, stability.

use std::sync::Arc;

use headwater_core::{
    BuiltProcessor, ComponentError, Consumer, Factory, ProcessorFactory, Settings, Signal,
    Stability,
};

use crate::config::BatchConfig;
use crate::processor::BatchProcessor;

struct BatchFactory;

/// The factory of the `batch` processor.
#[must_use]
pub fn factory() -> Factory {
    Factory::processor(BatchFactory)
}

impl ProcessorFactory for BatchFactory {
    type Config = BatchConfig;
    const TYPE: &'static str = "batch";

    fn stability(&self, _: Signal) -> Option<Stability> {
        Some(Stability::Beta)
    }

    fn build(
        &self,
        settings: Settings,
        config: BatchConfig,
        next: Arc<dyn Consumer>,
    ) -> Result<BuiltProcessor, ComponentError> {
        Ok(BuiltProcessor::Buffering(Arc::new(BatchProcessor::new(
            settings, &config, next,
        ))))
    }
}
