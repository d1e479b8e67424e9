//! The `prometheus` receiver: scrapes targets as Prometheus does and hands on OTLP.
//!
//! A scrape has two halves. The first reads the body into samples of 24 bytes, each pointing to a
//! series that the target's cache knows; whatever is wrong with a body is found there, before
//! anything was handed on. The second writes the samples as requests of bounded size. What a series
//! means, its relabelled and encoded attributes, is found out once, when it is first seen.

mod allocator;
mod api;
#[cfg(feature = "bench")]
#[doc(hidden)]
pub mod bench;
mod cache;
mod clock;
mod collect;
mod config;
mod discover;
mod encode;
mod factory;
mod failure;
mod failure_log;
mod fetch;
mod manager;
mod output;
mod receiver;
mod report;
mod resource;
mod rules;
mod samples;
mod schedule;
mod scrape;
mod scratch;
mod setup;
mod targets;
#[cfg(test)]
mod testing;
mod time;
mod words;

pub use allocator::{AllocatedTargetsConfig, TargetAllocatorConfig};
pub use config::{ApiServerConfig, PrometheusReceiverConfig as Config};
pub use factory::factory;

headwater_core::register!(factory);
