//! Type, signals, stability.

use std::sync::Arc;

use headwater_core::{
    ComponentError, Factory, Outputs, Receiver, ReceiverFactory, Settings, Signal, Stability,
};

use crate::config::Config;
use crate::receiver::UdpLogReceiver;

struct UdpLogFactory;

/// The factory of the `udp_log` receiver.
#[must_use]
pub fn factory() -> Factory {
    Factory::receiver(UdpLogFactory)
}

impl ReceiverFactory for UdpLogFactory {
    type Config = Config;
    const TYPE: &'static str = "udp_log";
    const ALIASES: &'static [&'static str] = &["udplog"];

    fn stability(&self, signal: Signal) -> Option<Stability> {
        (signal == Signal::Logs).then_some(Stability::Beta)
    }

    fn build(
        &self,
        settings: Settings,
        config: Config,
        outputs: Outputs,
    ) -> Result<Arc<dyn Receiver>, ComponentError> {
        Ok(Arc::new(UdpLogReceiver::new(settings, config, outputs)))
    }
}
