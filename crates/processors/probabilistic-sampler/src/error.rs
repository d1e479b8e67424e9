//! Why an item cannot be decided upon as it should.

use headwater_sampling::TraceStateError;
use thiserror::Error;

/// With one of these an item is dropped, or kept if `fail_closed` is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum SamplerError {
    #[error("inconsistent arriving threshold: item should not have been sampled")]
    InconsistentThreshold,
    #[error("missing randomness")]
    MissingRandomness,
    #[error("item has sampling randomness, equalizing or proportional mode recommended")]
    RandomnessInUse,
    #[error("item has sampling threshold, equalizing or proportional mode recommended")]
    ThresholdInUse,
    #[error("cannot read the trace state: {0}")]
    TraceState(TraceStateError),
    #[error("the attributes of sampling are not what they should be")]
    Attributes,
}
