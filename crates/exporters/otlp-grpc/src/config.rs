//! What the user writes.

use headwater_core::config::{Config, Optional, Validation};
use headwater_exporting::{RetryConfig, SendingQueueConfig, Sizer, TimeoutConfig};
use headwater_transport::config::{CompressionType, GrpcClientConfig, KeepaliveClientConfig};
use headwater_transport::grpc::DEFAULT_MAX_MESSAGE;

/// Configuration of the `otlp_grpc` exporter. Source: Go `otlpexporter.Config`.
#[derive(Debug, Clone, Config)]
#[config(
    validate = Self::check,
    removed(key = "batcher", help = "write `sending_queue::batch`, which has the same keys")
)]
pub struct OtlpGrpcConfig {
    /// The keys of every gRPC client. Here `compression` is gzip by default.
    #[config(squash)]
    pub client: GrpcClientConfig,
    /// How long one attempt may take.
    #[config(squash)]
    pub timeout: TimeoutConfig,
    /// The queue before sending. On by default.
    pub sending_queue: Optional<SendingQueueConfig>,
    /// What happens to requests that fail. On by default.
    pub retry_on_failure: RetryConfig,
}

impl Default for OtlpGrpcConfig {
    fn default() -> Self {
        Self {
            client: GrpcClientConfig {
                compression: CompressionType::Gzip,
                write_buffer_size: 512 * 1024,
                keepalive: Optional::Default(KeepaliveClientConfig::default()),
                ..GrpcClientConfig::default()
            },
            timeout: TimeoutConfig::default(),
            sending_queue: Optional::Some(SendingQueueConfig::default()),
            retry_on_failure: RetryConfig::default(),
        }
    }
}

impl OtlpGrpcConfig {
    fn check(&self, v: &mut Validation<'_>) {
        if self.client.endpoint.is_empty() {
            v.error("endpoint", "requires a non-empty \"endpoint\"")
                .help("write `host:port`, for example gateway:4317");
        }
        let batch = self.sending_queue.as_ref().map(|queue| &queue.batch);
        let Some(batch) = batch.and_then(Optional::as_ref) else {
            return;
        };
        let limit = DEFAULT_MAX_MESSAGE as u64;
        if batch.sizer == Sizer::Bytes && (batch.max_size > limit || batch.min_size > limit) {
            let key = if batch.max_size > limit {
                "sending_queue::batch::max_size"
            } else {
                "sending_queue::batch::min_size"
            };
            v.warning(
                key,
                "batches may become larger than the 4 MiB that gRPC servers take by default",
            )
            .help("raise `max_recv_msg_size_mib` at the server, or lower this");
        }
    }
}
