//! Type, signals, stability, composition.

use std::sync::Arc;

use headwater_core::{
    ComponentError, Exporter, ExporterFactory, Factory, Settings, Signal, Stability,
};
use headwater_exporting::Exporting;

use crate::config::OtlpGrpcConfig;
use crate::pusher::GrpcPusher;

struct OtlpGrpcFactory;

/// The factory of the `otlp_grpc` exporter.
#[must_use]
pub fn factory() -> Factory {
    Factory::exporter(OtlpGrpcFactory)
}

impl ExporterFactory for OtlpGrpcFactory {
    type Config = OtlpGrpcConfig;
    const TYPE: &'static str = "otlp_grpc";
    const ALIASES: &'static [&'static str] = &["otlp"];

    fn stability(&self, _: Signal) -> Option<Stability> {
        Some(Stability::Stable)
    }

    fn build(
        &self,
        settings: Settings,
        config: OtlpGrpcConfig,
    ) -> Result<Arc<dyn Exporter>, ComponentError> {
        let signal = settings
            .signal
            .ok_or_else(|| ComponentError::new("an exporter needs a signal"))?;
        let pusher = GrpcPusher::new(signal, config.client, &settings.build_info)?;
        let destination = pusher.destination();
        Exporting::new(settings, pusher)
            .destination(destination)
            .queue(&config.sending_queue)
            .retry(&config.retry_on_failure)
            .timeout(config.timeout.timeout)
            .build()
    }
}
