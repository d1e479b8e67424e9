//! Type, signals, stability, composition.

use std::sync::Arc;

use headwater_core::{
    ComponentError, Exporter, ExporterFactory, Factory, Settings, Signal, Stability,
};
use headwater_exporting::Exporting;

use crate::config::LokiConfig;
use crate::pusher::{Handle, Loki};

struct LokiFactory;

/// The factory of the `loki` exporter.
#[must_use]
pub fn factory() -> Factory {
    Factory::exporter(LokiFactory)
}

impl ExporterFactory for LokiFactory {
    type Config = LokiConfig;
    const TYPE: &'static str = "loki";

    fn stability(&self, signal: Signal) -> Option<Stability> {
        (signal == Signal::Logs).then_some(Stability::Beta)
    }

    fn build(
        &self,
        settings: Settings,
        config: LokiConfig,
    ) -> Result<Arc<dyn Exporter>, ComponentError> {
        let queue = config.queue();
        let pusher = Arc::new(Loki::new(&config, &settings)?);
        let destination = pusher.destination();
        // Timeout and retries are of single pushes, of which a batch may have several.
        let health = pusher.health();
        Exporting::new(settings, Handle(pusher))
            .destination(destination)
            .queue(&queue)
            .health(health)
            .build()
    }
}
