//! Consistent probability sampling: thresholds and randomness of 56 bits, and how trace states
//! carry them. Source: OpenTelemetry "TraceState: Probability Sampling", W3C Trace Context;
//! what is accepted, and how it is rounded, as Go `pkg/sampling` does it.

mod threshold;
mod tracestate;

pub use threshold::{MIN_PROBABILITY, Randomness, Threshold};
pub use tracestate::{TraceState, TraceStateError};
