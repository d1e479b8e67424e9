//! Type, signals, stability.

use std::sync::Arc;

use headwater_core::{
    ComponentError, Factory, Outputs, Receiver, ReceiverFactory, Settings, Signal, Stability,
};

use crate::config::PrometheusReceiverConfig;
use crate::receiver::PrometheusReceiver;

struct PrometheusFactory;

/// The factory of the `prometheus` receiver.
#[must_use]
pub fn factory() -> Factory {
    Factory::receiver(PrometheusFactory)
}

impl ReceiverFactory for PrometheusFactory {
    type Config = PrometheusReceiverConfig;
    const TYPE: &'static str = "prometheus";

    fn stability(&self, signal: Signal) -> Option<Stability> {
        (signal == Signal::Metrics).then_some(Stability::Beta)
    }

    fn build(
        &self,
        settings: Settings,
        config: PrometheusReceiverConfig,
        outputs: Outputs,
    ) -> Result<Arc<dyn Receiver>, ComponentError> {
        let Some(consumer) = outputs.get(Signal::Metrics) else {
            return Err(ComponentError::new("the receiver has no metrics pipeline"));
        };
        let consumer = Arc::clone(consumer);
        Ok(Arc::new(PrometheusReceiver::new(
            settings, config, consumer,
        )))
    }
}
