//! What happens to a batch.

use std::sync::{Mutex, PoisonError};

use headwater_aggregation::metric::{MetricParts, Streams, convert};
use headwater_aggregation::point::Temporality;
use headwater_core::pdata::edit::{
    MetricEditor, ResourceEditor, Rewrite, ScopeEditor, Verdict, edit,
};
use headwater_core::{Batch, Component, ConsumeError, Processor, Settings};
use tokio::time::Instant;

use crate::accumulator::Accumulator;
use crate::config::DeltaToCumulativeConfig;
use crate::convert::{read, write};
use crate::instruments::Instruments;

/// Adds deltas up.
pub(crate) struct DeltaToCumulative {
    instruments: Instruments,
    state: Mutex<State>,
}

struct State {
    accumulator: Accumulator,
    streams: Streams,
}

impl DeltaToCumulative {
    pub(crate) fn new(settings: &Settings, config: &DeltaToCumulativeConfig) -> Self {
        let most = usize::try_from(config.max_streams).unwrap_or(usize::MAX);
        Self {
            instruments: Instruments::new(settings, config),
            state: Mutex::new(State {
                accumulator: Accumulator::new(most, config.max_stale),
                streams: Streams::default(),
            }),
        }
    }
}

impl Component for DeltaToCumulative {}

impl Processor for DeltaToCumulative {
    fn process(&self, batch: Batch) -> Result<Option<Batch>, ConsumeError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        state.accumulator.sweep(now);
        let mut points = Points {
            instruments: &self.instruments,
            state: &mut state,
            now,
        };
        let result = edit(batch, &mut points)
            .map_err(|error| ConsumeError::permanent("cannot add deltas up").with_source(error));
        self.instruments.streams(state.accumulator.len());
        result
    }
}

struct Points<'p> {
    instruments: &'p Instruments,
    state: &'p mut State,
    now: Instant,
}

impl Rewrite for Points<'_> {
    fn resource(&mut self, resource: &mut ResourceEditor<'_>) -> Verdict {
        self.state.streams.resource(resource);
        Verdict::Enter
    }

    fn wants_scopes(&self) -> bool {
        true
    }

    fn scope(&mut self, scope: &mut ScopeEditor<'_>) -> Verdict {
        self.state.streams.scope(scope);
        Verdict::Enter
    }

    fn metric(&mut self, metric: &mut MetricEditor<'_>) -> Verdict {
        let message = metric.message();
        let Some(parts) = MetricParts::read(&message) else {
            return Verdict::Keep;
        };
        if parts.temporality != Temporality::Delta as i32 {
            return Verdict::Keep;
        }
        let State {
            accumulator,
            streams,
        } = &mut *self.state;
        streams.metric(&parts);
        convert(metric, Temporality::Cumulative, |point, out| {
            let (stream, sample) = read(parts.kind, point, streams);
            let sum = accumulator.add(stream, sample, self.now);
            self.instruments.point(sum.map(|_| ()));
            match sum {
                Ok(sum) => {
                    write(point, sum, out);
                    true
                }
                Err(_) => false,
            }
        })
    }
}
