//! The `loki` exporter: pushes logs to Loki, as protobuf compressed with snappy, or as JSON.
//!
//! A batch is read where it lies and written once: each record becomes an entry of the stream with
//! its labels, each tenant's streams one push. One batch after the other is sent, and of a batch
//! one push of each tenant at a time: so the lines of a stream arrive in their order, whatever
//! has to be sent again.

mod answer;
mod complaint;
mod config;
mod encode;
mod factory;
mod guard;
mod instruments;
mod pusher;
mod settings;

pub use config::{
    CardinalityConfig, DefaultLabelsConfig, Encoding, Format, LabelsConfig, LokiConfig as Config,
    MetadataField, RecordLabelsConfig, StructuredMetadataConfig, TenantConfig, TenantSource,
};
pub use factory::factory;

/// The encoder, for benches/micro.
#[cfg(feature = "bench")]
pub use encode::bench;

headwater_core::register!(factory);
