//! Type, signals, stability.

use std::sync::Arc;

use headwater_attributes::Actions;
use headwater_core::{
    BuiltProcessor, ComponentError, Consumer, Factory, ProcessorFactory, Settings, Signal,
    Stability,
};

use crate::config::ResourceConfig;
use crate::processor::ResourceProcessor;

struct ResourceFactory;

/// The factory of the `resource` processor.
#[must_use]
pub fn factory() -> Factory {
    Factory::processor(ResourceFactory)
}

impl ProcessorFactory for ResourceFactory {
    type Config = ResourceConfig;
    const TYPE: &'static str = "resource";

    fn stability(&self, _: Signal) -> Option<Stability> {
        Some(Stability::Beta)
    }

    fn build(
        &self,
        _: Settings,
        config: ResourceConfig,
        _: Arc<dyn Consumer>,
    ) -> Result<BuiltProcessor, ComponentError> {
        let actions = Actions::compile_all(&config.attributes)?;
        Ok(BuiltProcessor::Inline(Arc::new(ResourceProcessor::new(
            actions,
        ))))
    }
}
