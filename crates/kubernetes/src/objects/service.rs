//! Services.

use serde::Deserialize;

use super::{Meta, null_is_default, resource};
use crate::text::Text;

/// A service.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Service {
    /// Its metadata.
    pub metadata: Meta,
    #[serde(default)]
    spec: Spec,
}
resource!(Service, "/api/v1", "services", namespaced: true, metadata_only: false);

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    #[serde(deserialize_with = "null_is_default")]
    ports: Box<[ServicePort]>,
    #[serde(rename = "type")]
    kind: Text,
    #[serde(rename = "clusterIP")]
    cluster_ip: Text,
    external_name: Text,
    #[serde(rename = "loadBalancerIP")]
    load_balancer_ip: Text,
    #[serde(deserialize_with = "null_is_default")]
    ip_families: Box<[Text]>,
    ip_family_policy: Text,
}

/// A port of a service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ServicePort {
    /// Its name; may be empty.
    pub name: Text,
    /// Its number.
    pub port: i32,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: Text,
}

impl Service {
    /// Its ports.
    #[must_use]
    pub fn ports(&self) -> &[ServicePort] {
        &self.spec.ports
    }

    /// `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.spec.kind
    }

    /// Its address in the cluster; `None` for a headless one.
    #[must_use]
    pub fn cluster_ip(&self) -> &str {
        &self.spec.cluster_ip
    }

    /// The name that an `ExternalName` stands for.
    #[must_use]
    pub fn external_name(&self) -> &str {
        &self.spec.external_name
    }

    /// The address that was asked for in front of a `LoadBalancer`.
    #[must_use]
    pub fn load_balancer_ip(&self) -> &str {
        &self.spec.load_balancer_ip
    }

    /// The family (`IPv4` or `IPv6`) that comes first in a service of two.
    #[must_use]
    pub fn primary_of_two_families(&self) -> Option<&str> {
        let dual = ["PreferDualStack", "RequireDualStack"].contains(&&*self.spec.ip_family_policy);
        let first = self.spec.ip_families.first().filter(|_| dual);
        first.map(|family| &**family)
    }
}
