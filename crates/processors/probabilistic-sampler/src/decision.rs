//! What is common to the decisions about spans and log records.

use headwater_sampling::{Randomness, Threshold};

use crate::error::SamplerError;
use crate::sampler::Sampler;

/// Where an item's randomness came from; what the metric calls the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    Missing,
    TraceIdHash,
    TraceIdW3c,
    SamplingRandomness,
    SamplingPriority,
    Attribute,
}

/// How many there are.
pub(crate) const POLICIES: usize = 6;

/// An item's randomness.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Random {
    pub(crate) value: Randomness,
    pub(crate) policy: Policy,
}

impl Random {
    /// There is none, and every threshold lets it pass.
    pub(crate) const MISSING: Self = Self {
        value: Randomness::MAX,
        policy: Policy::Missing,
    };

    pub(crate) const fn of(value: Randomness, policy: Policy) -> Self {
        Self { value, policy }
    }
}

/// What an item says about how it was sampled before.
pub(crate) trait Carrier {
    fn threshold(&self) -> Option<Threshold>;
    fn clear_threshold(&mut self);
}

/// An item as it arrived.
pub(crate) struct Arrival<C> {
    pub(crate) random: Random,
    /// None where it cannot be read, or must not be changed.
    pub(crate) carrier: Option<C>,
    pub(crate) error: Option<SamplerError>,
}

/// What was decided.
pub(crate) struct Decision<C> {
    pub(crate) threshold: Threshold,
    pub(crate) random: Random,
    /// To be told the threshold, if the item is kept.
    pub(crate) carrier: Option<C>,
}

impl<C> Decision<C> {
    pub(crate) fn is_kept(&self) -> bool {
        self.threshold.keeps(self.random.value)
    }
}

/// What is the same for all items.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judge<'s> {
    pub(crate) sampler: &'s Sampler,
    pub(crate) fail_closed: bool,
    /// Carries the processor's identity into log lines.
    pub(crate) span: &'s tracing::Span,
}

impl Judge<'_> {
    /// Decides upon an item; `priority` may give another threshold than it would have.
    pub(crate) fn decide<C: Carrier>(
        &self,
        arrival: Arrival<C>,
        priority: Option<Threshold>,
    ) -> Decision<C> {
        let Arrival {
            mut random,
            mut carrier,
            error,
        } = arrival;
        let error = error.or_else(|| consistency(random, carrier.as_mut()));
        let mut threshold = match error {
            None => self
                .sampler
                .decide(carrier.as_ref().and_then(Carrier::threshold)),
            Some(error) => {
                tracing::debug!(parent: self.span, %error, "cannot decide by probability");
                if self.fail_closed {
                    Threshold::NEVER
                } else {
                    Threshold::ALWAYS
                }
            }
        };
        if let Some(priority) = priority {
            threshold = priority;
            random.policy = Policy::SamplingPriority;
        }
        Decision {
            threshold,
            random,
            carrier,
        }
    }
}

/// An item that should not have been kept so far says nothing true about itself.
fn consistency(random: Random, carrier: Option<&mut impl Carrier>) -> Option<SamplerError> {
    if random.policy == Policy::Missing {
        return Some(SamplerError::MissingRandomness);
    }
    let carrier = carrier?;
    if carrier.threshold()?.keeps(random.value) {
        return None;
    }
    carrier.clear_threshold();
    Some(SamplerError::InconsistentThreshold)
}
