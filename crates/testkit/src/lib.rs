//! What the tests and benchmarks of several crates share.

mod arbitrary;
mod environment;
mod generate;
mod host;
pub mod otlp;
mod recorder;

pub use arbitrary::{Entropy, arbitrary};
pub use environment::{environment, metric};
pub use generate::{Generator, Shape};
pub use host::{TestRuntime, host, host_with};
pub use recorder::{Answer, Recorder};
