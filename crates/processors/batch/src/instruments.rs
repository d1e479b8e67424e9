//! What the processor counts about itself. Source: Go `batchprocessor` metadata.yaml.

use headwater_core::Settings;
use headwater_core::telemetry::{Counter, Gauge, Histogram, Instrument, InstrumentKind, Level};

const SIZE_BOUNDS: &[f64] = &[
    10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1000.0, 2000.0, 3000.0, 4000.0, 5000.0,
    6000.0, 7000.0, 8000.0, 9000.0, 10_000.0, 20_000.0, 30_000.0, 50_000.0, 100_000.0,
];
const BYTE_BOUNDS: &[f64] = &[
    128.0,
    256.0,
    512.0,
    1024.0,
    2048.0,
    4096.0,
    8192.0,
    16_384.0,
    32_768.0,
    65_536.0,
    131_072.0,
    262_144.0,
    524_288.0,
    1_048_576.0,
    2_097_152.0,
    4_194_304.0,
    8_388_608.0,
    16_777_216.0,
];

/// Why a batch is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// `send_batch_size` was reached.
    Size,
    /// `timeout` passed, or the processor shuts down.
    Timeout,
}

#[derive(Debug)]
pub(crate) struct Instruments {
    by_size: Counter,
    by_timeout: Counter,
    items: Histogram,
    bytes: Histogram,
    pub(crate) cardinality: Gauge,
}

impl Instruments {
    pub(crate) fn new(settings: &Settings) -> Self {
        let attributes = || vec![("processor", settings.id.to_string())];
        let instrument = |name, description, unit, kind, level| Instrument {
            name,
            description,
            unit,
            kind,
            level,
        };
        let counter = |name, description| {
            let kind = InstrumentKind::Counter;
            let of = instrument(name, description, "{time}", kind, Level::Normal);
            settings.telemetry.counter(of, attributes())
        };
        let histogram = |name, description, unit, bounds, level| {
            let of = instrument(
                name,
                description,
                unit,
                InstrumentKind::Histogram(bounds),
                level,
            );
            settings.telemetry.histogram(of, attributes())
        };
        Self {
            by_size: counter(
                "otelcol_processor_batch_batch_size_trigger_send",
                "Number of times the batch was sent due to a size trigger",
            ),
            by_timeout: counter(
                "otelcol_processor_batch_timeout_trigger_send",
                "Number of times the batch was sent due to a timeout trigger",
            ),
            items: histogram(
                "otelcol_processor_batch_batch_send_size",
                "Number of units in the batch",
                "{unit}",
                SIZE_BOUNDS,
                Level::Normal,
            ),
            bytes: histogram(
                "otelcol_processor_batch_batch_send_size_bytes",
                "Number of bytes in batch that was sent",
                "By",
                BYTE_BOUNDS,
                Level::Detailed,
            ),
            cardinality: settings.telemetry.gauge(
                instrument(
                    "otelcol_processor_batch_metadata_cardinality",
                    "Number of distinct metadata value combinations being processed",
                    "{combination}",
                    InstrumentKind::Gauge,
                    Level::Normal,
                ),
                attributes(),
            ),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "histograms take doubles")]
    pub(crate) fn sent(&self, trigger: Trigger, items: usize, bytes: usize) {
        match trigger {
            Trigger::Size => self.by_size.add(1),
            Trigger::Timeout => self.by_timeout.add(1),
        }
        self.items.record(items as f64);
        self.bytes.record(bytes as f64);
    }
}
