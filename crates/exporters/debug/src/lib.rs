//! The `debug` exporter: writes telemetry to the log, for people to look at.
//!
//! The form is that of the Collector, to the space: it is what people grep for.

mod config;
mod factory;
mod output;
mod pusher;
mod sampler;
mod text;

pub use config::{DebugConfig as Config, Verbosity};
pub use factory::factory;

headwater_core::register!(factory);
