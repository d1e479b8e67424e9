//! Decides upon log records.

use headwater_aggregation::span::id;
use headwater_core::pdata::edit::{AttributeEditor, LogEditor, Rewrite, Verdict};
use headwater_core::pdata::view::AnyValue;
use headwater_sampling::{Randomness, Threshold};

use crate::decision::{Arrival, Carrier, Judge, Policy, Random};
use crate::error::SamplerError;
use crate::instruments::Tally;
use crate::sampler::Sampler;

const THRESHOLD: &str = "sampling.threshold";
const RANDOMNESS: &str = "sampling.randomness";

/// What a record's attributes say about its sampling.
#[derive(Debug, Default, Clone, Copy)]
struct Record {
    threshold: Option<Threshold>,
    randomness: Option<Randomness>,
    /// The randomness has to be written.
    is_new: bool,
}

impl Carrier for Record {
    fn threshold(&self) -> Option<Threshold> {
        self.threshold
    }

    fn clear_threshold(&mut self) {
        self.threshold = None;
    }
}

/// Samples the log records of a batch.
pub(crate) struct Logs<'s> {
    pub(crate) judge: Judge<'s>,
    pub(crate) tally: Tally,
    /// The attribute with a record's own percentage; empty if there is none.
    pub(crate) priority: &'s str,
    pub(crate) precision: u32,
}

impl Rewrite for Logs<'_> {
    fn log(&mut self, log: &mut LogEditor<'_>) -> Verdict {
        let trace_id = id::<16>(log.trace_id());
        let mut attributes = log.attributes();
        let arrival = arrival(self.judge.sampler, trace_id, &attributes);
        let priority = self.priority_of(&attributes);
        let decision = self.judge.decide(arrival, priority);
        let is_kept = decision.is_kept();
        self.tally.count(decision.random.policy, is_kept);
        if !is_kept {
            return Verdict::Drop;
        }
        if let Some(record) = decision.carrier {
            if let Some(randomness) = record.randomness.filter(|_| record.is_new) {
                attributes.upsert(RANDOMNESS, randomness.to_text());
            }
            // A stricter threshold than ours stays what it is.
            if record
                .threshold
                .is_none_or(|before| before <= decision.threshold)
            {
                attributes.upsert(THRESHOLD, decision.threshold.to_text());
            }
        }
        Verdict::Keep
    }
}

impl Logs<'_> {
    fn priority_of(&self, attributes: &AttributeEditor<'_>) -> Option<Threshold> {
        if self.priority.is_empty() {
            return None;
        }
        let percentage = match attributes.get(self.priority)? {
            AnyValue::Double(value) => value,
            AnyValue::Int(value) => value as f64,
            _ => return None,
        };
        Threshold::of_probability(percentage / 100.0, self.precision)
    }
}

/// What a record says about its sampling. Source: Go `randomnessFromLogRecord`.
fn arrival(
    sampler: &Sampler,
    trace_id: Option<[u8; 16]>,
    attributes: &AttributeEditor<'_>,
) -> Arrival<Record> {
    let (mut record, mut error) = read(attributes);
    match sampler {
        Sampler::Never => Arrival {
            random: Random::of(Randomness::MAX, Policy::SamplingPriority),
            carrier: Some(record),
            error,
        },
        Sampler::Hashing(hashing) => {
            let by_trace = trace_id.filter(|_| hashing.by_trace_id);
            let random = match by_trace {
                Some(id) => Random::of(hashing.randomness(&id), Policy::TraceIdHash),
                None => bytes_of(attributes, &hashing.attribute).map_or(Random::MISSING, |bytes| {
                    Random::of(hashing.randomness(&bytes), Policy::Attribute)
                }),
            };
            error = error.or(match (record.randomness, record.threshold) {
                (Some(_), _) => Some(SamplerError::RandomnessInUse),
                (None, Some(_)) => Some(SamplerError::ThresholdInUse),
                (None, None) => None,
            });
            if error.is_none() && random.policy != Policy::Missing {
                record.randomness = Some(random.value);
                record.is_new = true;
            }
            Arrival {
                random,
                carrier: error.is_none().then_some(record),
                error,
            }
        }
        Sampler::Equalizing(_) | Sampler::Proportional { .. } => {
            let random = match (record.randomness, trace_id) {
                _ if error.is_some() => Random::MISSING,
                (Some(value), _) => Random::of(value, Policy::SamplingRandomness),
                (None, Some(id)) => Random::of(Randomness::of_trace_id(&id), Policy::TraceIdW3c),
                (None, None) => Random::MISSING,
            };
            Arrival {
                random,
                carrier: error.is_none().then_some(record),
                error,
            }
        }
    }
}

/// Empty texts and other values count as absent.
fn read(attributes: &AttributeEditor<'_>) -> (Record, Option<SamplerError>) {
    let mut record = Record::default();
    let mut error = None;
    let text = |value: Option<AnyValue<'_>>| {
        value
            .and_then(|value| value.as_text().map(|text| text.as_bytes().to_vec()))
            .filter(|text| !text.is_empty())
    };
    if let Some(text) = text(attributes.get(THRESHOLD)) {
        record.threshold = Threshold::parse(&text);
        error = record
            .threshold
            .is_none()
            .then_some(SamplerError::Attributes);
    }
    if let Some(text) = text(attributes.get(RANDOMNESS)) {
        record.randomness = Randomness::parse(&text);
        if record.randomness.is_none() {
            error = Some(SamplerError::Attributes);
        }
    }
    (record, error)
}

fn bytes_of(attributes: &AttributeEditor<'_>, name: &str) -> Option<Vec<u8>> {
    if name.is_empty() {
        return None;
    }
    let bytes = match attributes.get(name)? {
        AnyValue::Bytes(bytes) => bytes.to_vec(),
        value => value.to_text().into_owned(),
    };
    (!bytes.is_empty()).then_some(bytes)
}
