//! Type, signals, stability, composition.

use std::sync::Arc;

use headwater_core::{
    ComponentError, Exporter, ExporterFactory, Factory, Settings, Signal, Stability,
};
use headwater_exporting::Exporting;

use crate::config::DebugConfig;
use crate::pusher::DebugPusher;

struct DebugFactory;

/// The factory of the `debug` exporter.
#[must_use]
pub fn factory() -> Factory {
    Factory::exporter(DebugFactory)
}

impl ExporterFactory for DebugFactory {
    type Config = DebugConfig;
    const TYPE: &'static str = "debug";

    fn stability(&self, _: Signal) -> Option<Stability> {
        Some(Stability::Alpha)
    }

    fn build(
        &self,
        settings: Settings,
        config: DebugConfig,
    ) -> Result<Arc<dyn Exporter>, ComponentError> {
        let pusher = DebugPusher::new(settings.span.clone(), &config);
        Exporting::new(settings, pusher)
            .queue(&config.sending_queue)
            .build()
    }
}
