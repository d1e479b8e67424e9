//! Nodes.

use serde::Deserialize;

use super::{Meta, null_is_default, resource};
use crate::text::Text;

/// A node with its addresses and conditions.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Node {
    /// Its metadata.
    pub metadata: Meta,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}
resource!(Node, "/api/v1", "nodes", namespaced: false, metadata_only: false);

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Spec {
    #[serde(rename = "providerID")]
    provider_id: Box<str>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    #[serde(deserialize_with = "null_is_default")]
    addresses: Box<[NodeAddress]>,
    #[serde(deserialize_with = "null_is_default")]
    conditions: Box<[NodeCondition]>,
    daemon_endpoints: DaemonEndpoints,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct DaemonEndpoints {
    kubelet_endpoint: DaemonEndpoint,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct DaemonEndpoint {
    #[serde(rename = "Port")]
    port: i32,
}

/// An address of a node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct NodeAddress {
    /// For example `InternalIP`.
    #[serde(rename = "type")]
    pub kind: Text,
    /// The address or name.
    pub address: Box<str>,
}

/// A condition of a node. When it was last confirmed is not kept: that changes all the time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct NodeCondition {
    /// For example `Ready`.
    #[serde(rename = "type")]
    pub kind: Text,
    /// `True`, `False` or `Unknown`.
    pub status: Text,
}

impl Node {
    /// What the cloud provider calls it; may be empty.
    #[must_use]
    pub fn provider_id(&self) -> &str {
        &self.spec.provider_id
    }

    /// Its addresses.
    #[must_use]
    pub fn addresses(&self) -> &[NodeAddress] {
        &self.status.addresses
    }

    /// Its conditions.
    #[must_use]
    pub fn conditions(&self) -> &[NodeCondition] {
        &self.status.conditions
    }

    /// The port of its kubelet.
    #[must_use]
    pub const fn kubelet_port(&self) -> i32 {
        self.status.daemon_endpoints.kubelet_endpoint.port
    }
}
