//! The `metrics_transform` processor: renames metrics, changes their labels, aggregates over labels,
//! joins several metrics into one.
//!
//! Only the names of metrics are read until one is included; only those that are included are
//! decoded, the others are copied as they are.

mod aggregate;
mod combine;
mod compile;
mod config;
mod exponential;
mod factory;
mod filter;
mod operate;
mod points;
mod processor;
mod scale;
mod transform;

pub use config::{
    Action, AggregationType, MatchType, MetricsTransformConfig as Config, Operation,
    OperationAction, SubmatchCase, Transform, ValueAction,
};
pub use factory::factory;

headwater_core::register!(factory);
