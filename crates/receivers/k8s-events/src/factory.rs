//! Type, signals, stability.

use std::sync::Arc;

use headwater_core::{
    ComponentError, Factory, Outputs, Receiver, ReceiverFactory, Settings, Signal, Stability,
};

use crate::config::K8sEventsConfig;
use crate::receiver::K8sEventsReceiver;

struct K8sEventsFactory;

/// The factory of the `k8s_events` receiver.
#[must_use]
pub fn factory() -> Factory {
    Factory::receiver(K8sEventsFactory)
}

impl ReceiverFactory for K8sEventsFactory {
    type Config = K8sEventsConfig;
    const TYPE: &'static str = "k8s_events";

    fn stability(&self, signal: Signal) -> Option<Stability> {
        (signal == Signal::Logs).then_some(Stability::Beta)
    }

    fn build(
        &self,
        settings: Settings,
        config: K8sEventsConfig,
        outputs: Outputs,
    ) -> Result<Arc<dyn Receiver>, ComponentError> {
        Ok(Arc::new(K8sEventsReceiver::new(settings, config, outputs)))
    }
}
