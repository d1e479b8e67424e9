//! Type, signals, stability, composition.

use std::sync::Arc;

use headwater_core::{
    ComponentError, Exporter, ExporterFactory, Factory, Settings, Signal, Stability,
};
use headwater_exporting::Exporting;

use crate::config::PrometheusConfig;
use crate::pusher::Page;

struct PrometheusFactory;

/// The factory of the `prometheus` exporter.
#[must_use]
pub fn factory() -> Factory {
    Factory::exporter(PrometheusFactory)
}

impl ExporterFactory for PrometheusFactory {
    type Config = PrometheusConfig;
    const TYPE: &'static str = "prometheus";

    fn stability(&self, signal: Signal) -> Option<Stability> {
        (signal == Signal::Metrics).then_some(Stability::Beta)
    }

    fn build(
        &self,
        settings: Settings,
        config: PrometheusConfig,
    ) -> Result<Arc<dyn Exporter>, ComponentError> {
        let queue = config.sending_queue.clone();
        let page = Page::new(config, &settings);
        Exporting::new(settings, page).queue(&queue).build()
    }
}
