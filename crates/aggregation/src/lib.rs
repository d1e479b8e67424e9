//! What components share that make metrics of other telemetry, or keep metrics over time:
//! distributions, streams and their identity, points as OTLP bytes, and the task that flushes.

mod clock;
mod distribution;
pub mod emit;
mod exponential;
mod fingerprint;
mod linked;
pub mod metric;
mod periodic;
pub mod point;
pub mod span;

pub use clock::now_unix_nano;
pub use distribution::{Buckets, DURATION_BOUNDS, Distribution};
pub use emit::Emitter;
pub use exponential::{DEFAULT_MAX_SIZE, ExponentialHistogram};
pub use fingerprint::{Fingerprint, FingerprintMap, Fingerprints};
pub use linked::LinkedMap;
pub use periodic::Periodic;

/// The index of the bucket of `value` among buckets with these upper bounds, ascending and
/// inclusive; the last bucket, which has no bound, is `bounds.len()`.
#[must_use]
pub fn bucket_of(bounds: &[f64], value: f64) -> usize {
    bounds.partition_point(|bound| *bound < value)
}
