//! Type, signals, stability.

use std::sync::Arc;

use headwater_core::{
    ComponentError, Factory, Outputs, Receiver, ReceiverFactory, Settings, Signal, Stability,
};

use crate::config::Config;
use crate::receiver::SyslogReceiver;

struct SyslogFactory;

/// The factory of the `syslog` receiver.
#[must_use]
pub fn factory() -> Factory {
    Factory::receiver(SyslogFactory)
}

impl ReceiverFactory for SyslogFactory {
    type Config = Config;
    const TYPE: &'static str = "syslog";

    fn stability(&self, signal: Signal) -> Option<Stability> {
        (signal == Signal::Logs).then_some(Stability::Beta)
    }

    fn build(
        &self,
        settings: Settings,
        config: Config,
        outputs: Outputs,
    ) -> Result<Arc<dyn Receiver>, ComponentError> {
        Ok(Arc::new(SyslogReceiver::new(settings, config, outputs)))
    }
}
