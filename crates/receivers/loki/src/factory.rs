//! Type, signals, stability.

use std::sync::Arc;

use headwater_core::{
    ComponentError, Factory, Outputs, Receiver, ReceiverFactory, Settings, Signal, Stability,
};

use crate::config::LokiConfig;
use crate::receiver::LokiReceiver;

struct LokiFactory;

/// The factory of the `loki` receiver.
#[must_use]
pub fn factory() -> Factory {
    Factory::receiver(LokiFactory)
}

impl ReceiverFactory for LokiFactory {
    type Config = LokiConfig;
    const TYPE: &'static str = "loki";

    fn stability(&self, signal: Signal) -> Option<Stability> {
        (signal == Signal::Logs).then_some(Stability::Beta)
    }

    fn build(
        &self,
        settings: Settings,
        config: LokiConfig,
        outputs: Outputs,
    ) -> Result<Arc<dyn Receiver>, ComponentError> {
        Ok(Arc::new(LokiReceiver::new(settings, config, outputs)))
    }
}
