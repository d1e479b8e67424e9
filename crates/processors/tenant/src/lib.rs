//! The `tenant` processor: whose telemetry it is, and how much of it is taken.
//!
//! A tenant comes from the identity of the sender, from a request header or from the resources;
//! it becomes part of the context, which batches, queues and routing keep. Limits are per tenant
//! and shared by all pipelines that name the same id.

mod bucket;
mod config;
mod factory;
mod limits;
mod metrics;
mod overrides;
mod parts;
mod processor;
mod refusal;
mod sources;
mod splitter;
mod tenants;

pub use config::{LimitsConfig, MixedOverLimit, SourceConfig, TenantConfig as Config};
pub use factory::factory;

headwater_core::register!(factory);
