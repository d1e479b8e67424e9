//! The `pod_logs` receiver: log files that service discovery finds, with the labels it gives.
//!
//! Targets are found and relabelled as for scraping; `__path__` says which files are read, and the
//! labels that are left are those of the stream. The files are read by the `file_log` receiver.

mod config;
mod discover;
mod factory;
mod receiver;
mod targets;

pub use config::PodLogsConfig as Config;
pub use factory::factory;

headwater_core::register!(factory);
