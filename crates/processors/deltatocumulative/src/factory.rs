//! Type, signals, stability.

use std::sync::Arc;

use headwater_core::{
    BuiltProcessor, ComponentError, Consumer, Factory, ProcessorFactory, Settings, Signal,
    Stability,
};

use crate::config::DeltaToCumulativeConfig;
use crate::processor::DeltaToCumulative;

struct DeltaToCumulativeFactory;

/// The factory of the `deltatocumulative` processor.
#[must_use]
pub fn factory() -> Factory {
    Factory::processor(DeltaToCumulativeFactory)
}

impl ProcessorFactory for DeltaToCumulativeFactory {
    type Config = DeltaToCumulativeConfig;
    const TYPE: &'static str = "deltatocumulative";
    const ALIASES: &'static [&'static str] = &["delta_to_cumulative"];

    fn stability(&self, signal: Signal) -> Option<Stability> {
        (signal == Signal::Metrics).then_some(Stability::Alpha)
    }

    fn build(
        &self,
        settings: Settings,
        config: DeltaToCumulativeConfig,
        _: Arc<dyn Consumer>,
    ) -> Result<BuiltProcessor, ComponentError> {
        let processor = DeltaToCumulative::new(&settings, &config);
        Ok(BuiltProcessor::Inline(Arc::new(processor)))
    }
}
