//! What the tests and benchmarks of several crates share.

mod environment;
mod generate;
mod host;
mod recorder;

pub use environment::{environment, metric};
pub use generate::{Generator, Shape};
pub use host::{TestRuntime, host, host_with};
pub use recorder::{Answer, Recorder};
