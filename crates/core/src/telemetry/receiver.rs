//! What every receiver counts. Source: Go `receiverhelper.ObsReport`.

use super::{Counter, Instrument, InstrumentKind, Level};
use crate::ledger::Account;
use crate::{Settings, Signal};

/// Counts what a receiver took and what it did not, per signal, and keeps its books.
#[derive(Debug, Clone)]
pub struct ReceiverInstruments {
    account: Account,
    by_signal: [[Counter; 3]; 3],
}

const ACCEPTED: usize = 0;
const REFUSED: usize = 1;
const FAILED: usize = 2;

const NAMES: [[&str; 3]; 3] = [
    [
        "otelcol_receiver_accepted_spans",
        "otelcol_receiver_refused_spans",
        "otelcol_receiver_failed_spans",
    ],
    [
        "otelcol_receiver_accepted_metric_points",
        "otelcol_receiver_refused_metric_points",
        "otelcol_receiver_failed_metric_points",
    ],
    [
        "otelcol_receiver_accepted_log_records",
        "otelcol_receiver_refused_log_records",
        "otelcol_receiver_failed_log_records",
    ],
];
const DESCRIPTIONS: [&str; 3] = [
    "Number of items successfully pushed into the pipeline.",
    "Number of items that could not be pushed into the pipeline.",
    "Number of items that failed to be processed by the receiver due to internal errors.",
];
const UNITS: [&str; 3] = ["{span}", "{datapoint}", "{record}"];

impl ReceiverInstruments {
    /// The instruments of one receiver for one `transport`: `grpc`, `http`, `tcp`, …; empty for one
    /// that has none, which gives no label, as in Go `receiverhelper.NewObsReport`.
    #[must_use]
    pub fn new(settings: &Settings, transport: &str) -> Self {
        let counter = |signal: usize, outcome: usize| {
            let instrument = Instrument {
                name: NAMES[signal][outcome],
                description: DESCRIPTIONS[outcome],
                unit: UNITS[signal],
                kind: InstrumentKind::Counter,
                level: Level::Basic,
            };
            let mut attributes = vec![("receiver", settings.id.to_string())];
            if !transport.is_empty() {
                attributes.push(("transport", transport.to_owned()));
            }
            settings.telemetry.counter(instrument, attributes)
        };
        let by_signal = [0, 1, 2].map(|signal| [0, 1, 2].map(|outcome| counter(signal, outcome)));
        Self {
            account: settings.account.clone(),
            by_signal,
        }
    }

    /// The pipeline took `items`.
    pub fn accepted(&self, signal: Signal, items: usize) {
        self.account.received(items);
        self.account.sent(items);
        self.count(signal, ACCEPTED, items);
    }

    /// The pipeline did not take `items`; the sender was told so.
    pub fn refused(&self, signal: Signal, items: usize) {
        self.count(signal, REFUSED, items);
    }

    /// `items` could not be read or translated; the sender was told so.
    pub fn failed(&self, signal: Signal, items: usize) {
        self.count(signal, FAILED, items);
    }

    fn count(&self, signal: Signal, outcome: usize, items: usize) {
        self.by_signal[signal.index()][outcome].add(items as u64);
    }
}
