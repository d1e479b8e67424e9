//! Type, signals, stability.

use std::sync::Arc;

use headwater_core::{
    ComponentError, Factory, Outputs, Receiver, ReceiverFactory, Settings, Signal, Stability,
};

use crate::config::OtlpConfig;
use crate::receiver::OtlpReceiver;

struct OtlpFactory;

/// The factory of the `otlp` receiver.
#[must_use]
pub fn factory() -> Factory {
    Factory::receiver(OtlpFactory)
}

impl ReceiverFactory for OtlpFactory {
    type Config = OtlpConfig;
    const TYPE: &'static str = "otlp";

    fn stability(&self, _: Signal) -> Option<Stability> {
        Some(Stability::Stable)
    }

    fn build(
        &self,
        settings: Settings,
        config: OtlpConfig,
        outputs: Outputs,
    ) -> Result<Arc<dyn Receiver>, ComponentError> {
        Ok(Arc::new(OtlpReceiver::new(settings, config, outputs)))
    }
}
