//! What Headwater's components share of Prometheus: labels, exposition formats, relabelling, scrape
//! configuration, remote write and the translation to and from OTLP.

pub mod exposition;
pub mod fingerprint;
pub mod glob;
pub mod labels;
mod metric_type;
pub use headwater_core::percent;
pub mod relabel;
pub mod remote_write;
pub mod scrape_config;
mod text;
pub mod translate;

pub use labels::{Label, Labels};
pub use metric_type::MetricType;
pub use text::{Secret, Text};
