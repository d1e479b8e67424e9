//! What the exporter counts besides what all exporters count. Source: Go
//! `prometheusremotewriteexporter`, documentation.md.

use headwater_core::Settings;
use headwater_core::telemetry::{Counter, Gauge, Instrument, InstrumentKind, Level};

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
    _consumers: Gauge,
    pub(crate) failed_translations: Counter,
    pub(crate) sent_batches: Counter,
    pub(crate) translated_time_series: Counter,
    pub(crate) written_samples: Counter,
    pub(crate) written_histograms: Counter,
    pub(crate) written_exemplars: Counter,
}

impl Instruments {
    pub(crate) fn new(settings: &Settings, endpoint: &str, consumers: usize) -> Self {
        let attributes = || {
            vec![
                ("exporter", settings.id.to_string()),
                ("endpoint", endpoint.to_owned()),
            ]
        };
        let make = |name, description, unit| {
            let instrument = counter(name, description, unit);
            settings.telemetry.counter(instrument, attributes())
        };
        let gauge = settings.telemetry.gauge(
            Instrument {
                kind: InstrumentKind::Gauge,
                ..counter(
                    "otelcol_exporter_prometheusremotewrite_consumers",
                    "Number of configured workers to use to fan out the outgoing requests",
                    "{consumer}",
                )
            },
            attributes(),
        );
        gauge.set(consumers as i64);
        Self {
            _consumers: gauge,
            failed_translations: make(
                "otelcol_exporter_prometheusremotewrite_failed_translations",
                "Number of translation operations that failed to translate metrics from Otel to \
                 Prometheus",
                "1",
            ),
            sent_batches: make(
                "otelcol_exporter_prometheusremotewrite_sent_batches",
                "Number of remote write request batches sent to the remote write endpoint \
                 regardless of success or failure",
                "{batch}",
            ),
            translated_time_series: make(
                "otelcol_exporter_prometheusremotewrite_translated_time_series",
                "Number of Prometheus time series that were translated from OTel metrics",
                "1",
            ),
            written_samples: make(
                "otelcol_exporter_prometheusremotewrite_written_samples",
                "Number of Prometheus Samples that were successfully written to the remote write \
                 endpoint (only available when using remote write v2)",
                "{sample}",
            ),
            written_histograms: make(
                "otelcol_exporter_prometheusremotewrite_written_histograms",
                "Number of Prometheus Histograms that were successfully written to the remote \
                 write endpoint (only available when using remote write v2)",
                "{histogram}",
            ),
            written_exemplars: make(
                "otelcol_exporter_prometheusremotewrite_written_exemplars",
                "Number of Prometheus Exemplars that were successfully written to the remote \
                 write endpoint (only available when using remote write v2)",
                "{exemplar}",
            ),
        }
    }
}
