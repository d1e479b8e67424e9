//! Type, signals, stability.

use std::sync::Arc;

use headwater_core::{
    ComponentError, Factory, Outputs, Receiver, ReceiverFactory, Settings, Signal, Stability,
};

use crate::config::PrometheusRemoteWriteConfig;
use crate::receiver::RemoteWriteReceiver;

struct PrometheusRemoteWriteFactory;

/// The factory of the `prometheusremotewrite` receiver.
#[must_use]
pub fn factory() -> Factory {
    Factory::receiver(PrometheusRemoteWriteFactory)
}

impl ReceiverFactory for PrometheusRemoteWriteFactory {
    type Config = PrometheusRemoteWriteConfig;
    const TYPE: &'static str = "prometheusremotewrite";

    fn stability(&self, signal: Signal) -> Option<Stability> {
        (signal == Signal::Metrics).then_some(Stability::Beta)
    }

    fn build(
        &self,
        settings: Settings,
        config: PrometheusRemoteWriteConfig,
        outputs: Outputs,
    ) -> Result<Arc<dyn Receiver>, ComponentError> {
        Ok(Arc::new(RemoteWriteReceiver::new(
            settings, config, outputs,
        )))
    }
}
