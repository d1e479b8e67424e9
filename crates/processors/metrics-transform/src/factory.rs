//! Type, signals, stability.

use std::sync::Arc;

use headwater_core::{
    BuiltProcessor, ComponentError, Consumer, Factory, ProcessorFactory, Settings, Signal,
    Stability,
};

use crate::compile::Transform;
use crate::config::MetricsTransformConfig;
use crate::processor::MetricsTransformProcessor;

struct MetricsTransformFactory;

/// The factory of the `metrics_transform` processor.
#[must_use]
pub fn factory() -> Factory {
    Factory::processor(MetricsTransformFactory)
}

impl ProcessorFactory for MetricsTransformFactory {
    type Config = MetricsTransformConfig;
    const TYPE: &'static str = "metrics_transform";
    const ALIASES: &'static [&'static str] = &["metricstransform"];

    fn stability(&self, signal: Signal) -> Option<Stability> {
        (signal == Signal::Metrics).then_some(Stability::Beta)
    }

    fn build(
        &self,
        settings: Settings,
        config: MetricsTransformConfig,
        _: Arc<dyn Consumer>,
    ) -> Result<BuiltProcessor, ComponentError> {
        let version = &settings.build_info.version;
        let transforms = config
            .transforms
            .iter()
            .map(|transform| Transform::new(transform, version))
            .collect::<Result<_, _>>()?;
        Ok(BuiltProcessor::Inline(Arc::new(
            MetricsTransformProcessor {
                transforms,
                span: settings.span.clone(),
            },
        )))
    }
}
