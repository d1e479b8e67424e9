//! What the tests and benchmarks of several crates share.

mod arbitrary;
mod connector;
mod environment;
mod exporter;
mod generate;
mod host;
mod http;
mod inline;
mod logs;
pub mod otlp;
mod points;
mod receiver;
mod recorder;
mod script;

pub use arbitrary::{Entropy, arbitrary, arbitrary_requests};
pub use connector::{ConnectorSetup, attribute, batch_of, spans_of};
pub use environment::{environment, metric};
pub use exporter::{ExporterSetup, PATIENCE};
pub use generate::{Generator, Shape};
pub use host::{TestRuntime, host, host_with, host_with_extension};
pub use http::{HttpAnswer, http_request};
pub use inline::{InlineSetup, histogram_of, sum_of};
pub use logs::{attribute_of, bodies_of};
pub use points::{Point, points, points_of};
pub use receiver::{ReceiverBuilder, ReceiverSetup};
pub use recorder::{Answer, Recorder};
pub use script::Script;
