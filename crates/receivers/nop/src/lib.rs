//! The nop receiver: receives nothing. It lets a pipeline exist that only serves its other end.

use std::sync::Arc;

use headwater_core::config::Config as ConfigTrait;
use headwater_core::{
    Component, ComponentError, Factory, Outputs, Receiver, ReceiverFactory, Settings, Signal,
    Stability,
};

/// There is nothing to configure.
#[derive(Debug, Clone, Default, PartialEq, Eq, ConfigTrait)]
pub struct Config {}

/// The factory of the `nop` receiver.
#[must_use]
pub fn factory() -> Factory {
    Factory::receiver(NopReceiverFactory)
}

headwater_core::register!(factory);

struct NopReceiverFactory;

impl ReceiverFactory for NopReceiverFactory {
    type Config = Config;
    const TYPE: &'static str = "nop";

    fn stability(&self, _: Signal) -> Option<Stability> {
        Some(Stability::Stable)
    }

    fn build(
        &self,
        _: Settings,
        _: Config,
        _: Outputs,
    ) -> Result<Arc<dyn Receiver>, ComponentError> {
        Ok(Arc::new(NopReceiver))
    }
}

struct NopReceiver;

impl Component for NopReceiver {}

impl Receiver for NopReceiver {}
