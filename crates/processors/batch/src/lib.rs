//! The `batch` processor: collects telemetry and hands it on in larger batches.
//!
//! Requests are concatenated, never decoded: a batch is the list of the buffers that arrived.
//! Before data of several clients is merged its structure is checked in full, so that one broken
//! request cannot make a backend refuse everybody's.

mod batcher;
mod config;
mod factory;
mod instruments;
mod processor;
mod shard;

pub use config::BatchConfig as Config;
pub use factory::factory;

headwater_core::register!(factory);
