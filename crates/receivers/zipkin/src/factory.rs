//! Type, signals, stability.

use std::sync::Arc;

use headwater_core::{
    ComponentError, Factory, Outputs, Receiver, ReceiverFactory, Settings, Signal, Stability,
};

use crate::config::ZipkinConfig;
use crate::receiver::ZipkinReceiver;

struct ZipkinFactory;

/// The factory of the `zipkin` receiver.
#[must_use]
pub fn factory() -> Factory {
    Factory::receiver(ZipkinFactory)
}

impl ReceiverFactory for ZipkinFactory {
    type Config = ZipkinConfig;
    const TYPE: &'static str = "zipkin";

    fn stability(&self, signal: Signal) -> Option<Stability> {
        (signal == Signal::Traces).then_some(Stability::Beta)
    }

    fn build(
        &self,
        settings: Settings,
        config: ZipkinConfig,
        outputs: Outputs,
    ) -> Result<Arc<dyn Receiver>, ComponentError> {
        Ok(Arc::new(ZipkinReceiver::new(settings, config, outputs)))
    }
}
