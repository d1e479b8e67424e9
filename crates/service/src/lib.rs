//! From a configuration to a running collector.
//!
//! [`main`] is the whole of a distribution's binary: the command line, the workers, signals,
//! reload, drain. [`Collector`] is the same collector as a library for other programs.

mod cli;
mod collector;
mod cpus;
mod distribution;
mod error;
mod gates;
mod generation;
mod load;
pub mod logs;
pub mod memory;
mod metrics;
pub mod telemetry;
mod workers;

pub use cli::{main, run_with};
pub use collector::{
    Collector, CollectorBuilder, DEFAULT_SHUTDOWN_TIMEOUT, RunningCollector, Shutdown,
};
pub use distribution::Distribution;
pub use error::{ConfigError, ReloadError, StartError};
