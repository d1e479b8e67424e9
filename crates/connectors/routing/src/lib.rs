//! The routing connector: hands telemetry to pipelines chosen by the request it came with, its
//! resource or its records.
//!
//! Conditions on requests and resources look at headers only. What goes one way as a whole moves
//! without a copy; otherwise runs of resources are cut out of the request's bytes, and records are
//! written once. Rows that compare the same place with texts are one lookup, however many.

mod config;
mod connector;
mod cut;
mod decide;
mod editors;
mod factory;
mod outputs;
mod table;

pub use config::{Action, ErrorMode, Route, RouteContext, RoutingConfig as Config};
pub use factory::factory;

headwater_core::register!(factory);
