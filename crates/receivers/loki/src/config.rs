//! What the user writes.

use std::collections::BTreeMap;

use headwater_core::config::{Config, Optional, Validation};
use headwater_loki::label::{is_label_name, label_name};
use headwater_prometheus::relabel::RelabelConfig;
use headwater_transport::config::{GrpcServerConfig, HttpServerConfig};

/// Configuration of the `loki` receiver. Sources: contrib `lokireceiver.Config`, and Alloy's
/// `loki.source.api`.
#[derive(Debug, Clone, Config)]
#[config(
    validate = Self::check,
    removed(
        key = "graceful_shutdown_timeout",
        help = "requests end within the time that a shutdown has: leave it out"
    )
)]
pub struct LokiConfig {
    /// The protocols to serve; at least one.
    pub protocols: Protocols,
    /// Whether records get the times of their entries; else that of their arrival.
    pub use_incoming_timestamp: bool,
    /// Labels of every stream; they replace those that it has. Source: Alloy.
    pub labels: BTreeMap<String, String>,
    /// Rules that change the labels of streams, after `labels` has been added. A stream that they
    /// drop, or that has no labels any more, is filtered. Source: Alloy.
    pub relabel_rules: Vec<RelabelConfig>,
    /// The header that holds the tenant, which the telemetry then belongs to. Empty: none.
    /// Headwater's own key.
    pub tenant_header: String,
    /// Whether each stream becomes a resource with the labels as its attributes, marked with
    /// `loki.stream`, which `loki_process` and the `loki` exporter know as a stream. Else labels
    /// and structured metadata become attributes of records. Headwater's own key.
    pub as_streams: bool,
}

/// The protocols; each is off until it is named.
#[derive(Debug, Clone, Config)]
pub struct Protocols {
    /// gRPC: `logproto.Pusher/Push`. Default endpoint: localhost:3600.
    pub grpc: Optional<GrpcServerConfig>,
    /// HTTP: `/loki/api/v1/push`, `/api/v1/push`, `/api/prom/push`, and for plain lines
    /// `/loki/api/v1/raw`, `/api/v1/raw`. Default endpoint: localhost:3500.
    pub http: Optional<HttpServerConfig>,
}

impl Default for Protocols {
    fn default() -> Self {
        Self {
            grpc: Optional::Default(GrpcServerConfig::new("localhost:3600")),
            http: Optional::Default(HttpServerConfig::new("localhost:3500")),
        }
    }
}

impl Default for LokiConfig {
    fn default() -> Self {
        Self {
            protocols: Protocols::default(),
            use_incoming_timestamp: false,
            labels: BTreeMap::new(),
            relabel_rules: Vec::new(),
            tenant_header: "X-Scope-OrgID".to_owned(),
            as_streams: false,
        }
    }
}

impl LokiConfig {
    fn check(&self, v: &mut Validation<'_>) {
        if !self.protocols.grpc.is_some() && !self.protocols.http.is_some() {
            v.error(
                "protocols",
                "must specify at least one protocol when using the Loki receiver",
            )
            .help("write `http:` or `grpc:` (or both) below `protocols:`");
        }
        for name in self.labels.keys() {
            if !is_label_name(name) {
                v.error("labels", format!("{name:?} is not the name of a label"))
                    .help(format!("write `{}`", label_name(name)));
            }
        }
        if !self.tenant_header.is_empty()
            && self
                .tenant_header
                .parse::<http_types::HeaderName>()
                .is_err()
        {
            v.error("tenant_header", "is not the name of a header");
        }
    }
}
