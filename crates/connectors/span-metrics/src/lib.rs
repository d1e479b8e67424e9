//! The `span_metrics` connector: counts spans, and the distribution of their durations, by
//! service, name, kind, status and further attributes.
//!
//! Spans are read where they lie, in one pass over the bytes; a span of a series that is known
//! allocates nothing. At each flush the series are written as OTLP bytes.

mod adjusted;
mod aggregator;
mod config;
mod connector;
mod dimensions;
mod factory;
mod key;
mod resource;
mod series;
mod write;

pub use config::{
    DimensionConfig, EventsConfig, ExemplarsConfig, ExplicitConfig, ExponentialConfig,
    HistogramConfig, Naming, SpanMetricsConfig as Config, Temporality, Unit,
};
pub use factory::factory;

headwater_core::register!(factory);
