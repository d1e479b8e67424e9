//! `sending_queue::batch`.

use std::collections::BTreeSet;
use std::time::Duration;

use headwater_core::config::{Config, Validation};

use super::Sizer;

/// How requests are merged before they are sent. Source: Go `exporterhelper.BatchConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Config)]
#[config(validate = Self::check)]
pub struct QueueBatchConfig {
    /// How long a batch waits at most before it is sent, whatever its size.
    pub flush_timeout: Duration,
    /// What `min_size` and `max_size` count: `items` or `bytes`. If it is not written the batch
    /// takes over a written `sending_queue::sizer`.
    pub sizer: Sizer,
    /// The size that triggers sending. 0 sends each request at once.
    pub min_size: u64,
    /// The size of a batch at most; larger ones are split. 0 means no cap, else at least
    /// `min_size`.
    pub max_size: u64,
    /// What keeps batches apart.
    pub partition: PartitionConfig,
}

impl Default for QueueBatchConfig {
    fn default() -> Self {
        Self {
            flush_timeout: Duration::from_millis(200),
            sizer: Sizer::Items,
            min_size: 8192,
            max_size: 0,
            partition: PartitionConfig::default(),
        }
    }
}

impl QueueBatchConfig {
    fn check(&self, v: &mut Validation<'_>) {
        if self.sizer == Sizer::Requests {
            v.error("sizer", "`batch` supports only `items` or `bytes` sizer")
                .help("write `sizer: items` below `batch`");
        }
        if self.flush_timeout.is_zero() {
            v.error("flush_timeout", "`flush_timeout` must be positive");
        }
        if self.max_size > 0 && self.max_size < self.min_size {
            v.error(
                "max_size",
                "`max_size` must be greater or equal to `min_size`",
            )
            .help(format!("write {} or more, or 0 for no cap", self.min_size));
        }
    }
}

/// Requests of different partitions are never merged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
#[config(validate = Self::check)]
pub struct PartitionConfig {
    /// Request headers that keep batches apart: one batch for each combination of their values.
    /// Only these headers are still known when the batch is sent. Needs
    /// `include_metadata: true` at the receiver.
    pub metadata_keys: Vec<String>,
}

impl PartitionConfig {
    fn check(&self, v: &mut Validation<'_>) {
        let mut seen = BTreeSet::new();
        for key in &self.metadata_keys {
            if !seen.insert(key.to_ascii_lowercase()) {
                v.error(
                    "metadata_keys",
                    format!("duplicate entry in metadata_keys: {key:?} (case-insensitive)"),
                );
            }
        }
    }
}
