//! Type, signals, stability.

use std::sync::Arc;

use headwater_core::{
    BuiltProcessor, ComponentError, Consumer, Factory, ProcessorFactory, Settings, Signal,
    Stability,
};

use crate::config::GroupByAttrsConfig;
use crate::instruments::Instruments;
use crate::processor::GroupByAttrsProcessor;

struct GroupByAttrsFactory;

/// The factory of the `groupbyattrs` processor.
#[must_use]
pub fn factory() -> Factory {
    Factory::processor(GroupByAttrsFactory)
}

impl ProcessorFactory for GroupByAttrsFactory {
    type Config = GroupByAttrsConfig;
    const TYPE: &'static str = "groupbyattrs";

    fn stability(&self, _: Signal) -> Option<Stability> {
        Some(Stability::Beta)
    }

    fn build(
        &self,
        settings: Settings,
        config: GroupByAttrsConfig,
        _: Arc<dyn Consumer>,
    ) -> Result<BuiltProcessor, ComponentError> {
        let signal = settings.signal.unwrap_or(Signal::Traces);
        Ok(BuiltProcessor::Inline(Arc::new(GroupByAttrsProcessor {
            keys: config.keys(),
            instruments: Instruments::new(&settings, signal),
        })))
    }
}
