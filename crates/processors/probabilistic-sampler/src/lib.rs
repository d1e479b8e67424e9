//! The `probabilistic_sampler` processor: keeps a share of traces, or of log records.
//!
//! What is dropped is cut out of the bytes; what is kept gets the threshold that it passed into
//! its trace state, or its attributes, so that it can be known what it stands for.

mod config;
mod decision;
mod error;
mod factory;
mod instruments;
mod logs;
mod processor;
mod sampler;
mod spans;

pub use config::{AttributeSource, Mode, ProbabilisticSamplerConfig as Config};
pub use factory::factory;

headwater_core::register!(factory);
