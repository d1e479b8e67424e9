//! Type, signals, stability.

use std::sync::Arc;

use headwater_core::{
    ComponentError, Factory, Outputs, Receiver, ReceiverFactory, Settings, Signal, Stability,
};

use crate::config::Config;
use crate::receiver::TcpLogReceiver;

struct TcpLogFactory;

/// The factory of the `tcp_log` receiver.
#[must_use]
pub fn factory() -> Factory {
    Factory::receiver(TcpLogFactory)
}

impl ReceiverFactory for TcpLogFactory {
    type Config = Config;
    const TYPE: &'static str = "tcp_log";
    const ALIASES: &'static [&'static str] = &["tcplog"];

    fn stability(&self, signal: Signal) -> Option<Stability> {
        (signal == Signal::Logs).then_some(Stability::Beta)
    }

    fn build(
        &self,
        settings: Settings,
        config: Config,
        outputs: Outputs,
    ) -> Result<Arc<dyn Receiver>, ComponentError> {
        Ok(Arc::new(TcpLogReceiver::new(settings, config, outputs)))
    }
}
