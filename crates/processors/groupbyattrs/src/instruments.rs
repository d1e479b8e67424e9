//! What the processor counts about itself. Source: Go `groupbyattrsprocessor` metadata.yaml.

use headwater_core::telemetry::{Counter, Histogram, Instrument, InstrumentKind, Level};
use headwater_core::{Settings, Signal};

/// The Collector's default bounds.
const BOUNDS: &[f64] = &[
    0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1000.0, 2500.0, 5000.0, 7500.0,
    10_000.0,
];

#[derive(Debug)]
pub(crate) struct Instruments {
    grouped: Counter,
    not_grouped: Counter,
    groups: Histogram,
}

/// Name and description of the three instruments of a signal.
type Names = [(&'static str, &'static str); 3];

const SPANS: Names = [
    (
        "otelcol_processor_groupbyattrs_num_grouped_spans",
        "Number of spans that had attributes grouped",
    ),
    (
        "otelcol_processor_groupbyattrs_num_non_grouped_spans",
        "Number of spans that did not have attributes grouped",
    ),
    (
        "otelcol_processor_groupbyattrs_span_groups",
        "Distribution of groups extracted for spans",
    ),
];
const METRICS: Names = [
    (
        "otelcol_processor_groupbyattrs_num_grouped_metrics",
        "Number of metrics that had attributes grouped",
    ),
    (
        "otelcol_processor_groupbyattrs_num_non_grouped_metrics",
        "Number of metrics that did not have attributes grouped",
    ),
    (
        "otelcol_processor_groupbyattrs_metric_groups",
        "Distribution of groups extracted for metrics",
    ),
];
const LOGS: Names = [
    (
        "otelcol_processor_groupbyattrs_num_grouped_logs",
        "Number of logs that had attributes grouped",
    ),
    (
        "otelcol_processor_groupbyattrs_num_non_grouped_logs",
        "Number of logs that did not have attributes grouped",
    ),
    (
        "otelcol_processor_groupbyattrs_log_groups",
        "Distribution of groups extracted for logs",
    ),
];

impl Instruments {
    pub(crate) fn new(settings: &Settings, signal: Signal) -> Self {
        let [grouped, not_grouped, groups] = match signal {
            Signal::Traces => SPANS,
            Signal::Metrics => METRICS,
            Signal::Logs => LOGS,
        };
        let instrument = |(name, description), kind| Instrument {
            name,
            description,
            unit: "1",
            kind,
            level: Level::Normal,
        };
        let counter = |names| {
            let of = instrument(names, InstrumentKind::Counter);
            settings.telemetry.counter(of, Vec::new())
        };
        let of = instrument(groups, InstrumentKind::Histogram(BOUNDS));
        Self {
            grouped: counter(grouped),
            not_grouped: counter(not_grouped),
            groups: settings.telemetry.histogram(of, Vec::new()),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "histograms take doubles")]
    pub(crate) fn done(&self, grouped: u64, not_grouped: u64, groups: usize) {
        self.grouped.add(grouped);
        self.not_grouped.add(not_grouped);
        self.groups.record(groups as f64);
    }
}
