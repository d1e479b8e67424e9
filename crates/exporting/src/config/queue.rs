//! `sending_queue`.

use headwater_core::ComponentId;
use headwater_core::config::{Config, Node, Optional, Validation};

use super::{QueueBatchConfig, Sizer};

/// A byte queue smaller than this was most likely meant to count requests: a single request of a
/// batching client exceeds it. Unit: bytes.
const SMALL_FOR_BYTES: u64 = 1 << 20;
/// The same for items: the default size of one batch of the `batch` processor.
const SMALL_FOR_ITEMS: u64 = 8192;

/// The queue between the pipeline and the sending. An exporter's configuration holds it as
/// `Optional<SendingQueueConfig>`, which understands `enabled`.
///
/// Source: Go `exporterhelper.QueueBatchConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Config)]
#[config(validate = Self::check, decoded = Self::settle)]
pub struct SendingQueueConfig {
    /// How much the queue holds, in the unit of `sizer`; what is being sent counts until it has
    /// arrived. A request that does not fit is refused.
    pub queue_size: u64,
    /// How many requests are sent at the same time.
    pub num_consumers: u32,
    /// What `queue_size` counts: `requests`, `items` or `bytes`.
    pub sizer: Sizer,
    /// Whether senders wait while the queue is full, instead of being refused at once.
    #[config(alias = "blocking", deprecated = "write `block_on_overflow`")]
    pub block_on_overflow: bool,
    /// Whether senders wait until their request has been delivered, and learn how that ended.
    /// Not together with `storage`.
    pub wait_for_result: bool,
    /// The extension that keeps the queue on disk. None: the queue is in memory and ends with
    /// the process.
    pub storage: Option<ComponentId>,
    /// Merges requests before they are sent. Off by default; `batch:` switches it on.
    pub batch: Optional<QueueBatchConfig>,
}

impl Default for SendingQueueConfig {
    fn default() -> Self {
        Self {
            queue_size: 1000,
            num_consumers: 10,
            sizer: Sizer::Requests,
            block_on_overflow: false,
            wait_for_result: false,
            storage: None,
            batch: Optional::Default(QueueBatchConfig::default()),
        }
    }
}

impl SendingQueueConfig {
    /// Keeps batches apart by a request header, too, so that it is still known when they are sent.
    pub fn keep_apart_by(&mut self, header: &str) {
        if let Some(batch) = self.batch.as_mut() {
            let keys = &mut batch.partition.metadata_keys;
            if !keys.iter().any(|key| key.eq_ignore_ascii_case(header)) {
                keys.push(header.to_owned());
            }
        }
    }

    /// A batch that says something, but not in which unit, takes the unit of the queue if that
    /// was written.
    fn settle(&mut self, node: &Node) {
        let given = |path: &str| node.lookup(path).is_some_and(|node| !node.is_null());
        let says_something = node
            .lookup("batch")
            .and_then(Node::as_map)
            .is_some_and(|map| map.iter().any(|(key, _)| key.name != "enabled"));
        if says_something && given("sizer") && !given("batch::sizer") {
            let sizer = self.sizer;
            if let Some(batch) = self.batch.as_mut() {
                batch.sizer = sizer;
            }
        }
    }

    fn check(&self, v: &mut Validation<'_>) {
        if self.num_consumers == 0 {
            v.error("num_consumers", "`num_consumers` must be positive");
        }
        if self.queue_size == 0 {
            v.error("queue_size", "`queue_size` must be positive")
                .help("to send without a queue, write `enabled: false`");
        }
        if self.storage.is_some() && self.wait_for_result {
            v.error(
                "wait_for_result",
                "`wait_for_result` is not supported with a persistent queue configured with \
                 `storage`",
            );
        }
        if let Some(batch) = self.batch.as_ref()
            && batch.sizer == self.sizer
            && batch.min_size > self.queue_size
        {
            v.error(
                "batch::min_size",
                "`min_size` must be less than or equal to `queue_size`",
            );
        }
        let small = match self.sizer {
            Sizer::Requests => 0,
            Sizer::Items => SMALL_FOR_ITEMS,
            Sizer::Bytes => SMALL_FOR_BYTES,
        };
        if self.queue_size != 0 && self.queue_size < small {
            let unit = if self.sizer == Sizer::Bytes {
                "bytes"
            } else {
                "items"
            };
            v.warning(
                "queue_size",
                format!(
                    "the queue holds {} {unit}; a larger request is refused for good",
                    self.queue_size
                ),
            )
            .help(format!(
                "`queue_size` counts {unit} because of `sizer: {unit}`; write {small} or more"
            ));
        }
    }
}
