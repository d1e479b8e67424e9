//! Type, signals, stability.

use std::sync::Arc;

use headwater_attributes::{Actions, Selection};
use headwater_core::{
    BuiltProcessor, ComponentError, Consumer, Factory, ProcessorFactory, Settings, Signal,
    Stability,
};

use crate::config::AttributesConfig;
use crate::processor::AttributesProcessor;

struct AttributesFactory;

/// The factory of the `attributes` processor.
#[must_use]
pub fn factory() -> Factory {
    Factory::processor(AttributesFactory)
}

impl ProcessorFactory for AttributesFactory {
    type Config = AttributesConfig;
    const TYPE: &'static str = "attributes";

    fn stability(&self, _: Signal) -> Option<Stability> {
        Some(Stability::Beta)
    }

    fn build(
        &self,
        settings: Settings,
        config: AttributesConfig,
        _: Arc<dyn Consumer>,
    ) -> Result<BuiltProcessor, ComponentError> {
        let actions = Actions::compile_all(&config.actions)?;
        let signal = settings.signal.ok_or_else(|| {
            ComponentError::new("the attributes processor must be built for one signal")
        })?;
        let matching = &config.matching;
        let selection = Selection::compile(signal, matching)
            .map_err(|error| ComponentError::with_source("cannot match", error))?;
        let resources = [&matching.include, &matching.exclude]
            .into_iter()
            .flatten()
            .any(|properties| !properties.resources.is_empty());
        if signal == Signal::Metrics && resources {
            tracing::warn!(
                parent: &settings.span,
                "resources of include and exclude have no effect on metrics"
            );
        }
        Ok(BuiltProcessor::Inline(Arc::new(AttributesProcessor::new(
            actions, selection,
        ))))
    }
}
