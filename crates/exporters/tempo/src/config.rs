//! What the user writes.

use std::time::Duration;

use headwater_core::config::{Config, Optional, Validation};
use headwater_exporting::{RetryConfig, SendingQueueConfig, TimeoutConfig};
use headwater_transport::config::{
    CompressionType, GrpcClientConfig, HttpClientConfig, KeepaliveClientConfig,
};
use headwater_transport::http::parse_url;

/// Configuration of the `tempo` exporter. Headwater's own; the keys of `otlp_grpc` all work.
#[derive(Debug, Clone, Config)]
#[config(validate = Self::check)]
pub struct TempoConfig {
    /// The keys of every gRPC client. Here `compression` is gzip by default.
    #[config(squash)]
    pub client: GrpcClientConfig,
    /// How long one attempt may take over gRPC.
    #[config(squash)]
    pub timeout: TimeoutConfig,
    /// Sends over HTTP instead: the keys of every HTTP client. `/v1/traces` is added to its
    /// `endpoint`, unless that has a path.
    pub http: Optional<HttpClientConfig>,
    /// The queue before sending. On by default.
    pub sending_queue: Optional<SendingQueueConfig>,
    /// What happens to requests that fail, or that Tempo cannot take now. On by default.
    pub retry_on_failure: RetryConfig,
    /// Whether a request is sent again that was refused because of a limit on the rate or on the
    /// number of traces. Off: it is dropped, and other tenants need not wait for it.
    pub retry_on_limit: bool,
    /// The header in which the tenant goes out: the one in `tenant_attribute`, else the one that a
    /// component has derived, else the header of this name that the client sent (its receiver needs
    /// `include_metadata: true`), else `tenant_id`. Empty: none.
    pub tenant_header: String,
    /// The resource attribute that holds the tenant; each tenant's traces are a request of their
    /// own. Empty: none.
    pub tenant_attribute: String,
    /// The tenant of everything that has none.
    pub tenant_id: String,
    /// How large a request may be before it is compressed; larger ones are split. Tempo's receivers
    /// take 4 MiB over gRPC by default. 0: no limit. Unit: bytes.
    pub max_request_size: u64,
    /// Whether a request that has to be split is split between traces, as far as these are small
    /// enough.
    pub group_by_trace: bool,
}

impl Default for TempoConfig {
    fn default() -> Self {
        Self {
            client: GrpcClientConfig {
                compression: CompressionType::Gzip,
                write_buffer_size: 512 * 1024,
                keepalive: Optional::Default(KeepaliveClientConfig::default()),
                ..GrpcClientConfig::default()
            },
            timeout: TimeoutConfig::default(),
            http: Optional::Default(HttpClientConfig {
                compression: CompressionType::Gzip,
                timeout: Duration::from_secs(30),
                ..HttpClientConfig::default()
            }),
            sending_queue: Optional::Some(SendingQueueConfig::default()),
            retry_on_failure: RetryConfig::default(),
            retry_on_limit: true,
            tenant_header: "X-Scope-OrgID".to_owned(),
            tenant_attribute: String::new(),
            tenant_id: String::new(),
            max_request_size: 4_000_000,
            group_by_trace: false,
        }
    }
}

impl TempoConfig {
    fn check(&self, v: &mut Validation<'_>) {
        match self.http.as_ref() {
            Some(http) => {
                if !self.client.endpoint.is_empty() {
                    v.error("http", "`endpoint` and `http` cannot both be given")
                        .help("`endpoint` is for gRPC: leave one of them out");
                }
                if http.endpoint.is_empty() {
                    v.error("http::endpoint", "requires a non-empty \"endpoint\"")
                        .help("write `endpoint: http://tempo:4318`");
                } else if let Err(error) = parse_url("http::endpoint", &http.endpoint) {
                    v.error("http::endpoint", error.to_string());
                }
            }
            None if self.client.endpoint.is_empty() => {
                v.error("endpoint", "requires a non-empty \"endpoint\"")
                    .help("write `endpoint: tempo:4317`, or `http: {endpoint: http://tempo:4318}`");
            }
            None => {}
        }
        let header = &self.tenant_header;
        if !header.is_empty() && header.parse::<http::HeaderName>().is_err() {
            v.error("tenant_header", "is not the name of a header");
        }
        if header.is_empty() && !(self.tenant_id.is_empty() && self.tenant_attribute.is_empty()) {
            v.error("tenant_header", "tenants have no effect without it");
        }
        if self.max_request_size > 0 && self.max_request_size < 1024 {
            v.error("max_request_size", "must be 0, or 1024 bytes and more");
        }
    }

    /// The queue. What it merges is of one tenant.
    pub(crate) fn queue(&self) -> Optional<SendingQueueConfig> {
        let mut queue = self.sending_queue.clone();
        if let Some(queue) = queue.as_mut()
            && !self.tenant_header.is_empty()
        {
            queue.keep_apart_by(&self.tenant_header);
        }
        queue
    }
}
