//! The `memory_limiter` processor: refuses telemetry before memory runs out.
//!
//! Usage is what the allocator has in use, read once per `check_interval`, plus what the byte
//! budget says has come in since: a burst between two checks is refused, too. The soft limit
//! also becomes the process-wide byte budget, against which receivers charge a request before
//! they read its body.

mod config;
mod factory;
mod instruments;
mod limiter;
mod processor;

pub use config::MemoryLimiterConfig as Config;
pub use factory::factory;

headwater_core::register!(factory);
