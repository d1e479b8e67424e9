//! Type, signals, stability.

use std::sync::Arc;

use headwater_core::{
    BuiltProcessor, ComponentError, Consumer, Factory, ProcessorFactory, Settings, Signal,
    Stability,
};

use crate::build::Builder;
use crate::config::{LokiProcessConfig, pipeline};
use crate::custom::CustomMetrics;
use crate::holding::HoldingProcessor;
use crate::inline::InlineProcessor;

struct LokiProcessFactory;

/// The factory of the `loki_process` processor.
#[must_use]
pub fn factory() -> Factory {
    Factory::processor(LokiProcessFactory)
}

impl ProcessorFactory for LokiProcessFactory {
    type Config = LokiProcessConfig;
    const TYPE: &'static str = "loki_process";

    fn stability(&self, signal: Signal) -> Option<Stability> {
        (signal == Signal::Logs).then_some(Stability::Beta)
    }

    fn build(
        &self,
        settings: Settings,
        config: LokiProcessConfig,
        next: Arc<dyn Consumer>,
    ) -> Result<BuiltProcessor, ComponentError> {
        let metrics = Arc::new(CustomMetrics::default());
        let mut pipeline = pipeline(
            &config.stages,
            &Builder {
                settings: &settings,
                max_held_bytes: config.max_held_bytes.get(),
                max_held_streams: config.max_held_streams as usize,
                max_series: config.max_series as usize,
                metrics: &metrics,
            },
        )?;
        settings.telemetry.attach(&metrics);
        pipeline.keep_alive(metrics);
        if pipeline.is_plain() {
            let budget = settings.budget;
            return Ok(BuiltProcessor::Inline(Arc::new(InlineProcessor {
                pipeline,
                budget,
            })));
        }
        let processor = HoldingProcessor::new(pipeline, settings, next);
        Ok(BuiltProcessor::Buffering(Arc::new(processor)))
    }
}
