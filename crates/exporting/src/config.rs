//! The blocks of an exporter's configuration. Source: Go `exporterhelper`, `configretry`.

mod batch;
mod queue;
mod retry;
mod timeout;

use headwater_core::config::Config;

pub use batch::{PartitionConfig, QueueBatchConfig};
pub use queue::SendingQueueConfig;
pub use retry::RetryConfig;
pub use timeout::TimeoutConfig;

/// What sizes are measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Config)]
pub enum Sizer {
    /// Every request counts 1, whatever it holds.
    #[default]
    Requests,
    /// Spans, data points or log records.
    Items,
    /// Bytes of the serialized request, before compression.
    Bytes,
}

impl Sizer {
    /// The size of `batch`.
    pub(crate) fn size_of(self, batch: &headwater_core::Batch) -> usize {
        match self {
            Self::Requests => 1,
            Self::Items => batch.items(),
            Self::Bytes => batch.bytes(),
        }
    }
}
