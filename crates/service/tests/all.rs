//! The service as programs and people use it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "all/collector.rs"]
mod collector;
#[path = "all/command_line.rs"]
mod command_line;
#[path = "all/components.rs"]
mod components;
#[path = "all/logs.rs"]
mod logs;
#[path = "all/mistakes.rs"]
mod mistakes;
#[path = "all/process.rs"]
mod process;
#[path = "all/telemetry.rs"]
mod telemetry;
