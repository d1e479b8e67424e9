//! What the tests and benchmarks of several crates share.

mod arbitrary;
mod environment;
mod exporter;
mod generate;
mod host;
pub mod otlp;
mod recorder;

pub use arbitrary::{Entropy, arbitrary};
pub use environment::{environment, metric};
pub use exporter::{ExporterSetup, PATIENCE};
pub use generate::{Generator, Shape};
pub use host::{TestRuntime, host, host_with, host_with_extension};
pub use recorder::{Answer, Recorder};
