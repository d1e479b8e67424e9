//! What the user writes.

use std::collections::BTreeSet;
use std::time::Duration;

use headwater_core::config::{Config, Validation};

/// Configuration of the `batch` processor. Source: Go `batchprocessor.Config`.
#[derive(Debug, Clone, PartialEq, Eq, Config)]
#[config(validate = Self::check)]
pub struct BatchConfig {
    /// How long items wait at most before they are sent, whatever the size. 0 sends each request
    /// at once.
    pub timeout: Duration,
    /// The number of items that triggers a send. Does not cap the batch, see
    /// `send_batch_max_size`. 0 sends each request at once.
    pub send_batch_size: u32,
    /// The number of items that a batch holds at most; larger ones are split. 0 means no cap,
    /// else at least `send_batch_size`.
    pub send_batch_max_size: u32,
    /// Request headers that keep batches apart: one batch for each combination of their values.
    /// Only these headers are still known behind the processor. Needs `include_metadata: true`
    /// at the receiver.
    pub metadata_keys: Vec<String>,
    /// How many combinations of `metadata_keys` there may be; requests with a further one are
    /// refused for good. 0 means no limit.
    pub metadata_cardinality_limit: u32,
}

impl Default for BatchConfig {
    fn default() -> Self {
        Self {
            timeout: Duration::from_millis(200),
            send_batch_size: 8192,
            send_batch_max_size: 0,
            metadata_keys: Vec::new(),
            metadata_cardinality_limit: 1000,
        }
    }
}

impl BatchConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        let (size, max) = (self.send_batch_size, self.send_batch_max_size);
        if max > 0 && max < size {
            validation
                .error(
                    "send_batch_max_size",
                    "send_batch_max_size must be greater or equal to send_batch_size",
                )
                .help(format!("write {size} or more, or 0 for no cap"));
        }
        let mut seen = BTreeSet::new();
        for key in &self.metadata_keys {
            if !seen.insert(key.to_ascii_lowercase()) {
                validation.error(
                    "metadata_keys",
                    format!("duplicate entry in metadata_keys: {key:?} (case-insensitive)"),
                );
            }
        }
    }

    /// Whether requests are sent on as they come, split at most.
    pub(crate) fn sends_at_once(&self) -> bool {
        self.timeout.is_zero() || self.send_batch_size == 0
    }
}
