//! What the processor counts about itself. Source: Go `deltatocumulativeprocessor` metadata.yaml.

use std::sync::atomic::{AtomicI64, Ordering};

use headwater_core::Settings;
use headwater_core::telemetry::{Counter, Gauge, Instrument, InstrumentKind, Level};

use crate::accumulator::Dropped;
use crate::config::DeltaToCumulativeConfig;

#[derive(Debug)]
pub(crate) struct Instruments {
    fine: Counter,
    older_start: Counter,
    out_of_order: Counter,
    limit: Counter,
    streams: Gauge,
    /// What this instance has added to the gauge, which all share.
    tracked: AtomicI64,
}

const DATAPOINTS: Instrument = Instrument {
    name: "otelcol_deltatocumulative_datapoints",
    description: "total number of datapoints processed. may have 'error' attribute, if processing failed",
    unit: "{datapoint}",
    kind: InstrumentKind::Counter,
    level: Level::Basic,
};

impl Instruments {
    pub(crate) fn new(settings: &Settings, config: &DeltaToCumulativeConfig) -> Self {
        let telemetry = &settings.telemetry;
        let gauge = |name, description, unit| {
            let instrument = Instrument {
                name,
                description,
                unit,
                kind: InstrumentKind::Gauge,
                level: Level::Basic,
            };
            telemetry.gauge(instrument, Vec::new())
        };
        let failed = |error: &str| telemetry.counter(DATAPOINTS, vec![("error", error.to_owned())]);
        gauge(
            "otelcol_deltatocumulative_streams_limit",
            "upper limit of tracked streams",
            "{stream}",
        )
        .set(i64::try_from(config.max_streams).unwrap_or(i64::MAX));
        gauge(
            "otelcol_deltatocumulative_streams_max_stale",
            "duration after which streams inactive streams are dropped",
            "s",
        )
        .set(i64::try_from(config.max_stale.as_secs()).unwrap_or(i64::MAX));
        Self {
            fine: telemetry.counter(DATAPOINTS, Vec::new()),
            older_start: failed("delta.ErrOlderStart"),
            out_of_order: failed("delta.ErrOutOfOrder"),
            limit: failed("limit"),
            streams: gauge(
                "otelcol_deltatocumulative_streams_tracked",
                "number of streams tracked",
                "{dps}",
            ),
            tracked: AtomicI64::new(0),
        }
    }

    pub(crate) fn point(&self, result: Result<(), Dropped>) {
        match result {
            Ok(()) => self.fine.add(1),
            Err(Dropped::OlderStart) => self.older_start.add(1),
            Err(Dropped::OutOfOrder) => self.out_of_order.add(1),
            Err(Dropped::Limit) => self.limit.add(1),
        }
    }

    pub(crate) fn streams(&self, streams: usize) {
        let now = i64::try_from(streams).unwrap_or(i64::MAX);
        let before = self.tracked.swap(now, Ordering::Relaxed);
        self.streams.add(now - before);
    }
}

impl Drop for Instruments {
    fn drop(&mut self) {
        self.streams(0);
    }
}
