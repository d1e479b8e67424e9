//! What the processor counts about itself. Source: Go `memorylimiterprocessor` metadata.yaml.

use headwater_core::telemetry::{Counter, Instrument, InstrumentKind, Level};
use headwater_core::{Settings, Signal};

#[derive(Debug)]
pub(crate) struct Instruments {
    pub(crate) accepted: Counter,
    pub(crate) refused: Counter,
}

impl Instruments {
    pub(crate) fn new(settings: &Settings) -> Self {
        let (accepted, refused, unit) = match settings.signal {
            Some(Signal::Metrics) => (
                "otelcol_processor_memory_limiter_accepted_metric_points",
                "otelcol_processor_memory_limiter_refused_metric_points",
                "{datapoint}",
            ),
            Some(Signal::Logs) => (
                "otelcol_processor_memory_limiter_accepted_log_records",
                "otelcol_processor_memory_limiter_refused_log_records",
                "{record}",
            ),
            Some(Signal::Traces) | None => (
                "otelcol_processor_memory_limiter_accepted_spans",
                "otelcol_processor_memory_limiter_refused_spans",
                "{span}",
            ),
        };
        let counter = |name, description| {
            let kind = InstrumentKind::Counter;
            let instrument = Instrument {
                name,
                description,
                unit,
                kind,
                level: Level::Basic,
            };
            settings
                .telemetry
                .counter(instrument, vec![("processor", settings.id.to_string())])
        };
        Self {
            accepted: counter(
                accepted,
                "Number of items successfully pushed into the next component in the pipeline.",
            ),
            refused: counter(
                refused,
                "Number of items that were rejected by the next component in the pipeline.",
            ),
        }
    }
}
