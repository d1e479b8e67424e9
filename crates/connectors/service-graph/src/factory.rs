//! Type, signals, stability.

use std::sync::Arc;

use headwater_core::{
    ComponentError, Connector, ConnectorFactory, ConnectorOutputs, Factory, Settings, Signal,
    Stability,
};

use crate::config::ServiceGraphConfig;
use crate::connector::ServiceGraph;

struct ServiceGraphFactory;

/// The factory of the `service_graph` connector.
#[must_use]
pub fn factory() -> Factory {
    Factory::connector(ServiceGraphFactory)
}

impl ConnectorFactory for ServiceGraphFactory {
    type Config = ServiceGraphConfig;
    const TYPE: &'static str = "service_graph";
    const ALIASES: &'static [&'static str] = &["servicegraph"];

    fn stability(&self, from: Signal, to: Signal) -> Option<Stability> {
        (from == Signal::Traces && to == Signal::Metrics).then_some(Stability::Alpha)
    }

    fn build(
        &self,
        settings: Settings,
        config: ServiceGraphConfig,
        outputs: ConnectorOutputs,
    ) -> Result<Arc<dyn Connector>, ComponentError> {
        Ok(Arc::new(ServiceGraph::new(settings, config, outputs.all)))
    }
}
