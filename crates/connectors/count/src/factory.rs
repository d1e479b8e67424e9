//! Type, signals, stability.

use std::sync::Arc;

use headwater_core::{
    ComponentError, Connector, ConnectorFactory, ConnectorOutputs, Factory, Settings, Signal,
    Stability,
};

use crate::config::CountConfig;
use crate::connector::CountConnector;
use crate::walk::Counting;

struct CountFactory;

/// The factory of the `count` connector.
#[must_use]
pub fn factory() -> Factory {
    Factory::connector(CountFactory)
}

impl ConnectorFactory for CountFactory {
    type Config = CountConfig;
    const TYPE: &'static str = "count";

    fn stability(&self, _: Signal, to: Signal) -> Option<Stability> {
        (to == Signal::Metrics).then_some(Stability::Alpha)
    }

    fn build(
        &self,
        settings: Settings,
        config: CountConfig,
        outputs: ConnectorOutputs,
    ) -> Result<Arc<dyn Connector>, ComponentError> {
        let signal = settings.signal.unwrap_or(outputs.signal);
        let counting = Counting::new(&config, signal)
            .ok_or_else(|| ComponentError::new("a condition of what is counted is not valid"))?;
        Ok(Arc::new(CountConnector {
            counting,
            account: settings.account,
            next: outputs.all,
        }))
    }
}
