//! What happens to a batch.

use std::sync::{Mutex, PoisonError};

use headwater_aggregation::metric::{MetricParts, Streams, convert};
use headwater_aggregation::now_unix_nano;
use headwater_aggregation::point::Temporality;
use headwater_core::pdata::edit::{
    MetricEditor, ResourceEditor, Rewrite, ScopeEditor, Verdict, edit,
};
use headwater_core::{Batch, Component, ComponentError, ConsumeError, Processor, Settings};

use crate::config::CumulativeToDeltaConfig;
use crate::convert::{Read, read, write};
use crate::instruments::Instruments;
use crate::selection::Selection;
use crate::tracker::Tracker;

/// Turns cumulative metrics into deltas.
pub(crate) struct CumulativeToDelta {
    selection: Selection,
    instruments: Instruments,
    state: Mutex<State>,
}

struct State {
    tracker: Tracker,
    streams: Streams,
}

impl CumulativeToDelta {
    pub(crate) fn new(
        settings: &Settings,
        config: &CumulativeToDeltaConfig,
    ) -> Result<Self, ComponentError> {
        Ok(Self {
            selection: Selection::new(config)?,
            instruments: Instruments::new(settings),
            state: Mutex::new(State {
                tracker: Tracker::new(
                    config.max_streams as usize,
                    config.initial_value,
                    config.max_staleness,
                    now_unix_nano(),
                ),
                streams: Streams::default(),
            }),
        })
    }
}

impl Component for CumulativeToDelta {}

impl Processor for CumulativeToDelta {
    fn process(&self, batch: Batch) -> Result<Option<Batch>, ConsumeError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.tracker.sweep(now_unix_nano());
        let mut points = Points {
            processor: self,
            state: &mut state,
        };
        let result = edit(batch, &mut points).map_err(|error| {
            ConsumeError::permanent("cannot turn metrics into deltas").with_source(error)
        });
        self.instruments.streams(state.tracker.len());
        result
    }
}

struct Points<'p> {
    processor: &'p CumulativeToDelta,
    state: &'p mut State,
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
        let is_cumulative = parts.temporality == Temporality::Cumulative as i32;
        if !is_cumulative || !parts.is_monotonic || !self.processor.selection.wants(&parts) {
            return Verdict::Keep;
        }
        let State { tracker, streams } = &mut *self.state;
        streams.metric(&parts);
        let instruments = &self.processor.instruments;
        convert(metric, Temporality::Delta, |point, out| {
            let observed = match read(parts.kind, point, streams) {
                Read::Nothing => return false,
                Read::NotANumber => {
                    out.extend_from_slice(point);
                    return true;
                }
                Read::Point(observed) => observed,
            };
            match tracker.convert(observed) {
                Ok(delta) => {
                    write(point, &delta, out);
                    true
                }
                Err(why) => {
                    instruments.dropped(why);
                    false
                }
            }
        })
    }
}
