//! Type, signals, stability, composition.

use std::sync::Arc;

use headwater_core::{
    ComponentError, Exporter, ExporterFactory, Factory, Settings, Signal, Stability,
};
use headwater_exporting::Exporting;

use crate::config::PrometheusRemoteWriteConfig;
use crate::pusher::{Handle, RemoteWrite};

struct PrometheusRemoteWriteFactory;

/// The factory of the `prometheus_remote_write` exporter.
#[must_use]
pub fn factory() -> Factory {
    Factory::exporter(PrometheusRemoteWriteFactory)
}

impl ExporterFactory for PrometheusRemoteWriteFactory {
    type Config = PrometheusRemoteWriteConfig;
    const TYPE: &'static str = "prometheus_remote_write";
    const ALIASES: &'static [&'static str] = &["prometheusremotewrite"];

    fn stability(&self, signal: Signal) -> Option<Stability> {
        (signal == Signal::Metrics).then_some(Stability::Beta)
    }

    fn build(
        &self,
        settings: Settings,
        config: PrometheusRemoteWriteConfig,
    ) -> Result<Arc<dyn Exporter>, ComponentError> {
        let queue = config.queue();
        let pusher = Arc::new(RemoteWrite::new(&config, &settings)?);
        let destination = pusher.destination();
        // Timeout and retries are of single requests, of which a batch has several.
        let health = pusher.health();
        Exporting::new(settings, Handle(pusher))
            .destination(destination)
            .queue(&queue)
            .backlog(config.backlog())
            .health(health)
            .build()
    }
}
