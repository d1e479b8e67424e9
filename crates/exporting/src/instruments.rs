//! What an exporter counts about itself. Source: Go `exporterhelper` metadata.yaml.

use headwater_core::telemetry::{
    Attributes, Counter, Gauge, Histogram, Instrument, InstrumentKind, Level, Observation,
    Telemetry,
};
use headwater_core::{ConsumeError, Settings, Signal};

use crate::capacity::Capacity;

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

const fn counter(name: &'static str, description: &'static str, unit: &'static str) -> Instrument {
    Instrument {
        name,
        description,
        unit,
        kind: InstrumentKind::Counter,
        level: Level::Basic,
    }
}

const fn gauge(name: &'static str, description: &'static str, unit: &'static str) -> Instrument {
    Instrument {
        kind: InstrumentKind::Gauge,
        ..counter(name, description, unit)
    }
}

const fn items_histogram(name: &'static str, description: &'static str) -> Instrument {
    Instrument {
        kind: InstrumentKind::Histogram(SIZE_BOUNDS),
        level: Level::Detailed,
        ..counter(name, description, "{unit}")
    }
}

const fn bytes_histogram(name: &'static str, description: &'static str) -> Instrument {
    Instrument {
        kind: InstrumentKind::Histogram(BYTE_BOUNDS),
        level: Level::Detailed,
        ..counter(name, description, "By")
    }
}

/// By signal: sent, failed to send, failed to enqueue.
const COUNTERS: [[Instrument; 3]; 3] = [
    [
        counter(
            "otelcol_exporter_sent_spans",
            "Number of spans successfully sent to destination.",
            "{span}",
        ),
        counter(
            "otelcol_exporter_send_failed_spans",
            "Number of spans in failed attempts to send to destination.",
            "{span}",
        ),
        counter(
            "otelcol_exporter_enqueue_failed_spans",
            "Number of spans failed to be added to the sending queue.",
            "{span}",
        ),
    ],
    [
        counter(
            "otelcol_exporter_sent_metric_points",
            "Number of metric points successfully sent to destination.",
            "{datapoint}",
        ),
        counter(
            "otelcol_exporter_send_failed_metric_points",
            "Number of metric points in failed attempts to send to destination.",
            "{datapoint}",
        ),
        counter(
            "otelcol_exporter_enqueue_failed_metric_points",
            "Number of metric points failed to be added to the sending queue.",
            "{datapoint}",
        ),
    ],
    [
        counter(
            "otelcol_exporter_sent_log_records",
            "Number of log records successfully sent to destination.",
            "{record}",
        ),
        counter(
            "otelcol_exporter_send_failed_log_records",
            "Number of log records in failed attempts to send to destination.",
            "{record}",
        ),
        counter(
            "otelcol_exporter_enqueue_failed_log_records",
            "Number of log records failed to be added to the sending queue.",
            "{record}",
        ),
    ],
];
const QUEUE_SIZE: Instrument = gauge(
    "otelcol_exporter_queue_size",
    "Current size of the sending queue, in the unit of its sizer.",
    "{batch}",
);
const QUEUE_CAPACITY: Instrument = gauge(
    "otelcol_exporter_queue_capacity",
    "Fixed capacity of the sending queue, in the unit of its sizer.",
    "{batch}",
);
const IN_FLIGHT: Instrument = gauge(
    "otelcol_exporter_in_flight_requests",
    "Number of requests being sent, waits between attempts included.",
    "{request}",
);
const ENQUEUE_SIZE: Instrument = items_histogram(
    "otelcol_exporter_enqueue_size",
    "Number of items in the requests that the sending queue took.",
);
const ENQUEUE_BYTES: Instrument = bytes_histogram(
    "otelcol_exporter_enqueue_size_bytes",
    "Number of bytes in the requests that the sending queue took.",
);
const SEND_SIZE: Instrument = items_histogram(
    "otelcol_exporter_queue_batch_send_size",
    "Number of items in the batches that were sent.",
);
const SEND_BYTES: Instrument = bytes_histogram(
    "otelcol_exporter_queue_batch_send_size_bytes",
    "Number of bytes in the batches that were sent.",
);

/// Items and bytes of requests.
#[derive(Debug)]
pub(crate) struct Sizes {
    items: Histogram,
    bytes: Histogram,
}

impl Sizes {
    fn new(settings: &Settings, items: Instrument, bytes: Instrument) -> Self {
        let attributes = || vec![("exporter", settings.id.to_string())];
        Self {
            items: settings.telemetry.histogram(items, attributes()),
            bytes: settings.telemetry.histogram(bytes, attributes()),
        }
    }

    /// Of the requests that a queue takes.
    pub(crate) fn enqueued(settings: &Settings) -> Self {
        Self::new(settings, ENQUEUE_SIZE, ENQUEUE_BYTES)
    }

    /// Of the batches that it merged.
    pub(crate) fn merged(settings: &Settings) -> Self {
        Self::new(settings, SEND_SIZE, SEND_BYTES)
    }

    pub(crate) fn record(&self, items: usize, bytes: usize) {
        self.items.record(items as f64);
        self.bytes.record(bytes as f64);
    }
}

/// The counters of one exporter for one signal.
#[derive(Debug)]
pub(crate) struct Instruments {
    pub(crate) sent: Counter,
    send_failed: Failures,
    pub(crate) enqueue_failed: Counter,
    pub(crate) in_flight: Gauge,
}

impl Instruments {
    /// `destination` says where the exporter sends: upstream's `server.address` and so on.
    pub(crate) fn new(settings: &Settings, signal: Signal, destination: &Attributes) -> Self {
        let exporter = || vec![("exporter", settings.id.to_string())];
        let to_destination = || {
            let mut attributes = exporter();
            attributes.extend(destination.iter().cloned());
            attributes
        };
        let [sent, send_failed, enqueue_failed] = COUNTERS[signal.index()];
        let telemetry = &settings.telemetry;
        Self {
            sent: telemetry.counter(sent, to_destination()),
            send_failed: Failures {
                telemetry: telemetry.clone(),
                instrument: send_failed,
                _none: telemetry.counter(send_failed, to_destination()),
                attributes: to_destination(),
            },
            enqueue_failed: telemetry.counter(enqueue_failed, exporter()),
            in_flight: telemetry.gauge(IN_FLIGHT, with_data_type(settings, signal)),
        }
    }
}

/// Counts failures by what went wrong. Failing is slow anyway, so the series are looked up.
#[derive(Debug)]
struct Failures {
    telemetry: Telemetry,
    instrument: Instrument,
    attributes: Attributes,
    /// Shows 0 while nothing has failed.
    _none: Counter,
}

impl Instruments {
    /// `items` could not be sent because of `error`; `is_shutdown` says that it would otherwise
    /// have been tried again.
    pub(crate) fn send_failed(&self, items: usize, error: &ConsumeError, is_shutdown: bool) {
        let kind = match error.code() {
            _ if is_shutdown => "Shutdown",
            Some(code) => code.name(),
            None => "_OTHER",
        };
        let failures = &self.send_failed;
        let mut attributes = failures.attributes.clone();
        attributes.push(("error.type", kind.to_owned()));
        attributes.push(("error.permanent", error.is_permanent().to_string()));
        let counter = failures.telemetry.counter(failures.instrument, attributes);
        counter.add(items as u64);
    }
}

/// The gauges of a queue; they end with the returned observations.
pub(crate) fn observe_queue(
    settings: &Settings,
    signal: Signal,
    capacity: &std::sync::Arc<Capacity>,
) -> [Observation; 2] {
    let total = capacity.total();
    let capacity = std::sync::Arc::clone(capacity);
    let attributes = || with_data_type(settings, signal);
    let telemetry = &settings.telemetry;
    [
        telemetry.observe(QUEUE_SIZE, attributes(), move || capacity.used() as f64),
        telemetry.observe(QUEUE_CAPACITY, attributes(), move || total as f64),
    ]
}

fn with_data_type(settings: &Settings, signal: Signal) -> Attributes {
    vec![
        ("exporter", settings.id.to_string()),
        ("data_type", signal.as_str().to_owned()),
    ]
}
