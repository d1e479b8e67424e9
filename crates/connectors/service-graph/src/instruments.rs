//! What the connector counts about itself. Source: Go `servicegraphconnector` metadata.yaml.

use headwater_core::Settings;
use headwater_core::telemetry::{Counter, Instrument, InstrumentKind, Level};

#[derive(Debug)]
pub(crate) struct Instruments {
    pub(crate) dropped_spans: Counter,
    pub(crate) total_edges: Counter,
    pub(crate) expired_edges: Counter,
    /// Of the expired ones, those of which nothing could be told.
    pub(crate) dead_letters: Counter,
}

impl Instruments {
    pub(crate) fn new(settings: &Settings) -> Self {
        let counter = |name, description| {
            let of = Instrument {
                name,
                description,
                unit: "1",
                kind: InstrumentKind::Counter,
                level: Level::Basic,
            };
            settings.telemetry.counter(of, Vec::new())
        };
        Self {
            dropped_spans: counter(
                "otelcol_connector_servicegraph_dropped_spans",
                "Number of spans dropped when trying to add edges",
            ),
            total_edges: counter(
                "otelcol_connector_servicegraph_total_edges",
                "Total number of unique edges",
            ),
            expired_edges: counter(
                "otelcol_connector_servicegraph_expired_edges",
                "Number of edges that expired before finding its matching span",
            ),
            dead_letters: counter(
                "otelcol_connector_servicegraph_dead_letters",
                "Number of expired edges that were not counted, because neither side is known to be outside",
            ),
        }
    }
}
