//! Scrape configuration in Prometheus's own shape.
//!
//! [`PrometheusConfig`] is what stands below `config:` of the receiver; its structs have
//! Prometheus's keys and are strict. [`Job`] is a scrape configuration with everything that it
//! inherits from `global` settled, and builds [`Target`]s. Source: Prometheus 3, `config` and
//! `scrape`; `prometheus/common`, `config`.

mod duration;
mod files;
mod global;
mod http_client;
mod http_headers;
mod job;
mod keys;
mod kubernetes;
mod names;
mod oauth2;
mod prometheus;
mod protocol;
mod scrape;
mod sd;
mod size;
mod target;
#[cfg(test)]
mod tests;
mod tls;

pub use duration::{ParseDurationError, PromDuration};
pub use global::GlobalConfig;
pub use http_client::{Authorization, BasicAuth, HttpClientConfig, ProxyConfig};
pub use http_headers::HttpHeader;
pub use job::{Job, JobError, Limits};
pub use keys::OtherKeys;
pub use kubernetes::{
    AttachMetadata, KubernetesRole, KubernetesSdConfig, KubernetesSelector, NamespaceSelection,
};
pub use names::{NameEscaping, NameValidation};
pub use oauth2::OAuth2;
pub use prometheus::PrometheusConfig;
pub use protocol::ScrapeProtocol;
pub use scrape::ScrapeConfig;
pub use sd::{DiscoveryConfigs, DnsRecord, DnsSdConfig, FileSdConfig, HttpSdConfig, StaticConfig};
pub use size::ByteSize;
pub use target::{Built, Target, TargetError};
pub use tls::{TlsConfig, TlsVersion};
