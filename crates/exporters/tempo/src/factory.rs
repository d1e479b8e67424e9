//! Type, signals, stability, composition.

use std::sync::Arc;

use headwater_core::{
    ComponentError, Exporter, ExporterFactory, Factory, Settings, Signal, Stability,
};
use headwater_exporting::Exporting;

use crate::config::TempoConfig;
use crate::pusher::{Handle, Tempo};

struct TempoFactory;

/// The factory of the `tempo` exporter.
#[must_use]
pub fn factory() -> Factory {
    Factory::exporter(TempoFactory)
}

impl ExporterFactory for TempoFactory {
    type Config = TempoConfig;
    const TYPE: &'static str = "tempo";

    fn stability(&self, signal: Signal) -> Option<Stability> {
        (signal == Signal::Traces).then_some(Stability::Beta)
    }

    fn build(
        &self,
        settings: Settings,
        config: TempoConfig,
    ) -> Result<Arc<dyn Exporter>, ComponentError> {
        let pusher = Arc::new(Tempo::new(&config, &settings)?);
        let destination = pusher.destination();
        // Timeout and retries are of single requests, of which a batch may have several.
        let health = pusher.health();
        Exporting::new(settings, Handle(pusher))
            .destination(destination)
            .queue(&config.queue())
            .health(health)
            .build()
    }
}
