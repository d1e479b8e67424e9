//! Type, signals, stability.

use std::sync::Arc;

use headwater_core::{
    ComponentError, Connector, ConnectorFactory, ConnectorOutputs, Factory, Settings, Signal,
    Stability, uuid,
};

use crate::aggregator::Plan;
use crate::config::SpanMetricsConfig;
use crate::connector::SpanMetrics;

struct SpanMetricsFactory;

/// The factory of the `span_metrics` connector.
#[must_use]
pub fn factory() -> Factory {
    Factory::connector(SpanMetricsFactory)
}

impl ConnectorFactory for SpanMetricsFactory {
    type Config = SpanMetricsConfig;
    const TYPE: &'static str = "span_metrics";
    const ALIASES: &'static [&'static str] = &["spanmetrics"];

    fn stability(&self, from: Signal, to: Signal) -> Option<Stability> {
        (from == Signal::Traces && to == Signal::Metrics).then_some(Stability::Alpha)
    }

    fn build(
        &self,
        settings: Settings,
        config: SpanMetricsConfig,
        outputs: ConnectorOutputs,
    ) -> Result<Arc<dyn Connector>, ComponentError> {
        let plan = Plan::new(config, uuid::random());
        Ok(Arc::new(SpanMetrics::new(settings, plan, outputs.all)))
    }
}
