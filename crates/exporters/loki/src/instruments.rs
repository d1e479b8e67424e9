//! What the exporter counts besides what all exporters count.

use headwater_core::Settings;
use headwater_core::telemetry::{Counter, Instrument, InstrumentKind, Level};
use headwater_exporting::TenantCounters;

/// How many tenants have counters of their own.
const MOST_TENANTS: usize = 200;

const fn counter(name: &'static str, description: &'static str, unit: &'static str) -> Instrument {
    Instrument {
        name,
        description,
        unit,
        kind: InstrumentKind::Counter,
        level: Level::Basic,
    }
}

#[derive(Debug)]
pub(crate) struct Instruments {
    pub(crate) pushes: Counter,
    pub(crate) push_bytes: Counter,
    pub(crate) dropped: TenantCounters,
}

impl Instruments {
    pub(crate) fn new(settings: &Settings) -> Self {
        let attributes = || vec![("exporter", settings.id.to_string())];
        let make = |instrument| settings.telemetry.counter(instrument, attributes());
        Self {
            pushes: make(counter(
                "otelcol_exporter_loki_pushes",
                "Number of pushes sent to Loki, whatever it answered.",
                "{push}",
            )),
            push_bytes: make(counter(
                "otelcol_exporter_loki_push_bytes",
                "Bytes of the pushes sent to Loki, compressed.",
                "By",
            )),
            dropped: TenantCounters::new(
                settings,
                counter(
                    "otelcol_exporter_loki_dropped_log_records",
                    "Number of log records that Loki did not take, by reason and tenant.",
                    "{record}",
                ),
                MOST_TENANTS,
            ),
        }
    }
}
