//! What the processor counts about itself. Source: Go `probabilisticsamplerprocessor`
//! metadata.yaml.

use std::sync::OnceLock;

use headwater_core::telemetry::{Counter, Instrument, InstrumentKind, Level};
use headwater_core::{Settings, Signal};

use crate::decision::{POLICIES, Policy};

/// Items of one batch by policy, dropped and kept.
#[derive(Debug, Default)]
pub(crate) struct Tally([[u64; 2]; POLICIES]);

impl Tally {
    #[inline]
    pub(crate) fn count(&mut self, policy: Policy, is_kept: bool) {
        self.0[policy as usize][usize::from(is_kept)] += 1;
    }
}

/// The counters, made when they are needed first: what never happens is not shown.
pub(crate) struct Instruments {
    settings: Settings,
    attribute: String,
    counters: [[OnceLock<Counter>; 2]; POLICIES],
}

impl Instruments {
    pub(crate) fn new(settings: Settings, attribute: String) -> Self {
        Self {
            settings,
            attribute,
            counters: Default::default(),
        }
    }

    pub(crate) fn add(&self, tally: &Tally) {
        for (policy, (counts, counters)) in tally.0.iter().zip(&self.counters).enumerate() {
            for (kept, (count, counter)) in counts.iter().zip(counters).enumerate() {
                if *count > 0 {
                    counter
                        .get_or_init(|| self.counter(policy, kept == 1))
                        .add(*count);
                }
            }
        }
    }

    fn counter(&self, policy: usize, is_kept: bool) -> Counter {
        let policy = match policy {
            0 => "missing_randomness",
            1 => "trace_id_hash",
            2 => "trace_id_w3c",
            3 => "sampling_randomness",
            4 => "sampling_priority",
            _ => &self.attribute,
        };
        let (name, description) = match self.settings.signal {
            Some(Signal::Logs) => (
                "otelcol_processor_probabilistic_sampler_count_logs_sampled",
                "Count of logs that were sampled or not",
            ),
            _ => (
                "otelcol_processor_probabilistic_sampler_count_traces_sampled",
                "Count of traces that were sampled or not",
            ),
        };
        let instrument = Instrument {
            name,
            description,
            unit: "1",
            kind: InstrumentKind::Counter,
            level: Level::Basic,
        };
        let attributes = vec![
            ("policy", policy.to_owned()),
            ("sampled", is_kept.to_string()),
        ];
        self.settings.telemetry.counter(instrument, attributes)
    }
}
