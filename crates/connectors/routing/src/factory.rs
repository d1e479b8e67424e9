//! Type, signals, stability.

use std::sync::Arc;

use headwater_core::{
    ComponentError, Connector, ConnectorFactory, ConnectorOutputs, Factory, Settings, Signal,
    Stability,
};

use crate::config::RoutingConfig;
use crate::connector::RoutingConnector;
use crate::table::Table;

struct RoutingFactory;

/// The factory of the `routing` connector.
#[must_use]
pub fn factory() -> Factory {
    Factory::connector(RoutingFactory)
}

impl ConnectorFactory for RoutingFactory {
    type Config = RoutingConfig;
    const TYPE: &'static str = "routing";

    fn stability(&self, from: Signal, to: Signal) -> Option<Stability> {
        (from == to).then_some(Stability::Alpha)
    }

    fn build(
        &self,
        settings: Settings,
        config: RoutingConfig,
        outputs: ConnectorOutputs,
    ) -> Result<Arc<dyn Connector>, ComponentError> {
        let signal = outputs.signal;
        let table = Table::new(&config, signal, &outputs)?;
        Ok(Arc::new(RoutingConnector::new(
            settings,
            signal,
            table,
            config.error_mode,
        )))
    }
}
