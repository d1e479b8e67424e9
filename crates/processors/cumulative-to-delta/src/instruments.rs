//! What the processor counts about itself; the Collector's counts nothing.

use headwater_core::Settings;
use headwater_core::telemetry::{Counter, Gauge, Instrument, InstrumentKind, Level};

use crate::tracker::Dropped;

#[derive(Debug)]
pub(crate) struct Instruments {
    first: Counter,
    reset: Counter,
    full: Counter,
    streams: Gauge,
    /// What this instance has added to the gauge, which others of the same id share.
    tracked: std::sync::atomic::AtomicI64,
}

impl Instruments {
    pub(crate) fn new(settings: &Settings) -> Self {
        let processor = ("processor", settings.id.to_string());
        let dropped = |reason: &str| {
            let instrument = Instrument {
                name: "otelcol_processor_cumulativetodelta_dropped_points",
                description: "Number of points that were not passed on.",
                unit: "{datapoint}",
                kind: InstrumentKind::Counter,
                level: Level::Normal,
            };
            let attributes = vec![processor.clone(), ("reason", reason.to_owned())];
            settings.telemetry.counter(instrument, attributes)
        };
        let streams = Instrument {
            name: "otelcol_processor_cumulativetodelta_streams",
            description: "Number of streams whose last point is remembered.",
            unit: "{stream}",
            kind: InstrumentKind::Gauge,
            level: Level::Normal,
        };
        Self {
            first: dropped("first_point"),
            reset: dropped("reset"),
            full: dropped("max_streams"),
            streams: settings.telemetry.gauge(streams, vec![processor.clone()]),
            tracked: std::sync::atomic::AtomicI64::new(0),
        }
    }

    pub(crate) fn dropped(&self, why: Dropped) {
        match why {
            Dropped::First => self.first.add(1),
            Dropped::Reset => self.reset.add(1),
            Dropped::Full => self.full.add(1),
        }
    }

    pub(crate) fn streams(&self, streams: usize) {
        let now = i64::try_from(streams).unwrap_or(i64::MAX);
        let before = self.tracked.swap(now, std::sync::atomic::Ordering::Relaxed);
        self.streams.add(now - before);
    }
}

impl Drop for Instruments {
    fn drop(&mut self) {
        self.streams(0);
    }
}
