//! Type, signals, stability, composition.

use std::sync::Arc;

use headwater_core::{
    ComponentError, Exporter, ExporterFactory, Factory, Settings, Signal, Stability,
};
use headwater_exporting::Exporting;

use crate::config::OtlpHttpConfig;
use crate::pusher::HttpPusher;

struct OtlpHttpFactory;

/// The factory of the `otlp_http` exporter.
#[must_use]
pub fn factory() -> Factory {
    Factory::exporter(OtlpHttpFactory)
}

impl ExporterFactory for OtlpHttpFactory {
    type Config = OtlpHttpConfig;
    const TYPE: &'static str = "otlp_http";
    const ALIASES: &'static [&'static str] = &["otlphttp"];

    fn stability(&self, _: Signal) -> Option<Stability> {
        Some(Stability::Stable)
    }

    fn build(
        &self,
        settings: Settings,
        config: OtlpHttpConfig,
    ) -> Result<Arc<dyn Exporter>, ComponentError> {
        let signal = settings
            .signal
            .ok_or_else(|| ComponentError::new("an exporter needs a signal"))?;
        let (queue, retry) = (
            config.sending_queue.clone(),
            config.retry_on_failure.clone(),
        );
        let pusher = HttpPusher::new(signal, config, &settings)?;
        let destination = pusher.destination();
        // The timeout is the HTTP client's own.
        Exporting::new(settings, pusher)
            .destination(destination)
            .queue(&queue)
            .retry(&retry)
            .build()
    }
}
