//! Decides upon spans.

use headwater_aggregation::span::{SpanParts, id};
use headwater_core::pdata::edit::{Rewrite, SpanEditor, Verdict};
use headwater_core::pdata::view::AnyValue;
use headwater_sampling::{Randomness, Threshold, TraceState};

use crate::decision::{Arrival, Carrier, Judge, Policy, Random};
use crate::error::SamplerError;
use crate::instruments::Tally;
use crate::sampler::Sampler;

impl Carrier for TraceState<'_> {
    fn threshold(&self) -> Option<Threshold> {
        TraceState::threshold(self)
    }

    fn clear_threshold(&mut self) {
        TraceState::clear_threshold(self);
    }
}

/// Samples the spans of a batch.
pub(crate) struct Spans<'s> {
    pub(crate) judge: Judge<'s>,
    pub(crate) tally: Tally,
    /// A trace state being written.
    state: Vec<u8>,
}

impl<'s> Spans<'s> {
    pub(crate) fn new(judge: Judge<'s>) -> Self {
        Self {
            judge,
            tally: Tally::default(),
            state: Vec::new(),
        }
    }
}

impl Rewrite for Spans<'_> {
    fn span(&mut self, span: &mut SpanEditor<'_>) -> Verdict {
        let message = span.message();
        let mut priority = None;
        let parts = SpanParts::read(&message, |attribute| {
            if priority.is_none() && attribute.key() == "sampling.priority" {
                priority = Some(attribute.value());
            }
        });
        let arrival = arrival(self.judge.sampler, &parts);
        let priority = priority.and_then(|value| threshold_of(&value));
        let decision = self.judge.decide(arrival, priority);
        let is_kept = decision.is_kept();
        self.tally.count(decision.random.policy, is_kept);
        if !is_kept {
            return Verdict::Drop;
        }
        if let Some(mut state) = decision.carrier {
            // A stricter threshold than ours stays what it is.
            let _kept = state.update_threshold(decision.threshold);
            self.state.clear();
            state.write(&mut self.state);
            if self.state != parts.trace_state {
                span.set_trace_state(&self.state);
            }
        }
        Verdict::Keep
    }
}

/// What a span says about its sampling. Source: Go `randomnessFromSpan`.
fn arrival<'a>(sampler: &Sampler, parts: &SpanParts<'a>) -> Arrival<TraceState<'a>> {
    let trace_id = id::<16>(parts.trace_id);
    let parsed = TraceState::parse(parts.trace_state);
    let failed = |error| Some(SamplerError::TraceState(error));
    match sampler {
        Sampler::Never => {
            let (state, error) = match parsed {
                Ok(state) => (state, None),
                Err((state, error)) => (state, failed(error)),
            };
            Arrival {
                random: Random::of(Randomness::MAX, Policy::SamplingPriority),
                carrier: Some(state),
                error,
            }
        }
        Sampler::Hashing(hashing) => {
            let random = trace_id.map_or(Random::MISSING, |id| {
                Random::of(hashing.randomness(&id), Policy::TraceIdHash)
            });
            let (carrier, error) = match parsed {
                Err((_, error)) => (None, failed(error)),
                Ok(state) if state.randomness().is_some() => {
                    (None, Some(SamplerError::RandomnessInUse))
                }
                Ok(state) if state.threshold().is_some() => {
                    (None, Some(SamplerError::ThresholdInUse))
                }
                Ok(mut state) => {
                    state.set_randomness(random.value);
                    (Some(state), None)
                }
            };
            Arrival {
                random,
                carrier,
                error,
            }
        }
        Sampler::Equalizing(_) | Sampler::Proportional { .. } => {
            let (state, error) = match parsed {
                Err((_, error)) => (None, failed(error)),
                Ok(state) => (Some(state), None),
            };
            let explicit = state.as_ref().and_then(TraceState::randomness);
            let random = match (explicit, trace_id) {
                (Some(value), _) => Random::of(value, Policy::SamplingRandomness),
                (None, Some(id)) if state.is_some() => {
                    Random::of(Randomness::of_trace_id(&id), Policy::TraceIdW3c)
                }
                _ => Random::MISSING,
            };
            Arrival {
                random,
                carrier: state,
                error,
            }
        }
    }
}

/// What `sampling.priority` asks for: 0 to drop, more to keep.
fn threshold_of(value: &AnyValue<'_>) -> Option<Threshold> {
    let priority = match value {
        AnyValue::Int(value) => *value as f64,
        AnyValue::Double(value) => *value,
        AnyValue::String(text) => text.to_str()?.parse().ok()?,
        _ => return None,
    };
    if priority == 0.0 {
        Some(Threshold::NEVER)
    } else if priority > 0.0 {
        Some(Threshold::ALWAYS)
    } else {
        None
    }
}
