//! Type, signals, stability.

use std::sync::Arc;

use headwater_core::{
    BuiltProcessor, ComponentError, Consumer, Factory, ProcessorFactory, Settings, Signal,
    Stability,
};

use crate::config::CumulativeToDeltaConfig;
use crate::processor::CumulativeToDelta;

struct CumulativeToDeltaFactory;

/// The factory of the `cumulative_to_delta` processor.
#[must_use]
pub fn factory() -> Factory {
    Factory::processor(CumulativeToDeltaFactory)
}

impl ProcessorFactory for CumulativeToDeltaFactory {
    type Config = CumulativeToDeltaConfig;
    const TYPE: &'static str = "cumulative_to_delta";
    const ALIASES: &'static [&'static str] = &["cumulativetodelta"];

    fn stability(&self, signal: Signal) -> Option<Stability> {
        (signal == Signal::Metrics).then_some(Stability::Beta)
    }

    fn build(
        &self,
        settings: Settings,
        config: CumulativeToDeltaConfig,
        _: Arc<dyn Consumer>,
    ) -> Result<BuiltProcessor, ComponentError> {
        let processor = CumulativeToDelta::new(&settings, &config)?;
        Ok(BuiltProcessor::Inline(Arc::new(processor)))
    }
}
