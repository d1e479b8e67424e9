//! Pods.

use serde::Deserialize;
use serde::de::Deserializer;

use super::{Meta, null_is_default, resource};
use crate::text::Text;

/// A pod with its containers and where it runs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Pod {
    /// Its metadata.
    pub metadata: Meta,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}
resource!(Pod, "/api/v1", "pods", namespaced: true, metadata_only: false);

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    node_name: Text,
    #[serde(deserialize_with = "null_is_default")]
    containers: Box<[Container]>,
    #[serde(deserialize_with = "null_is_default")]
    init_containers: Box<[Container]>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    phase: Text,
    #[serde(rename = "podIP")]
    pod_ip: Box<str>,
    #[serde(rename = "hostIP")]
    host_ip: Text,
    #[serde(rename = "conditions", deserialize_with = "ready")]
    ready: Option<Text>,
    #[serde(deserialize_with = "null_is_default")]
    container_statuses: Box<[ContainerStatus]>,
    #[serde(deserialize_with = "null_is_default")]
    init_container_statuses: Box<[ContainerStatus]>,
}

/// A container of a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Container {
    /// Its name.
    pub name: Text,
    /// Its image, as the pod names it.
    pub image: Text,
    /// The ports it declares.
    #[serde(deserialize_with = "null_is_default")]
    pub ports: Box<[ContainerPort]>,
}

/// A port that a container declares.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerPort {
    /// Its name; may be empty.
    pub name: Text,
    /// Its number in the container.
    pub container_port: i32,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: Text,
}

/// What runs as a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ContainerStatus {
    /// The container's name.
    pub name: Text,
    /// For example `containerd://0123…`; empty until it has been created.
    #[serde(rename = "containerID")]
    pub id: Box<str>,
}

impl Pod {
    /// The node it runs on; empty until it is scheduled.
    #[must_use]
    pub fn node_name(&self) -> &str {
        &self.spec.node_name
    }

    /// Its address; empty until it has one.
    #[must_use]
    pub fn ip(&self) -> &str {
        &self.status.pod_ip
    }

    /// The address of its node.
    #[must_use]
    pub fn host_ip(&self) -> &str {
        &self.status.host_ip
    }

    /// For example `Running`.
    #[must_use]
    pub fn phase(&self) -> &str {
        &self.status.phase
    }

    /// The status of its condition `Ready`: `True`, `False` or `Unknown`; `None` without one.
    #[must_use]
    pub fn ready(&self) -> Option<&str> {
        self.status.ready.as_deref()
    }

    /// Its containers, then its init containers, each with whether it is one of the latter.
    pub fn containers(&self) -> impl Iterator<Item = (&Container, bool)> + '_ {
        let containers = self.spec.containers.iter().map(|one| (one, false));
        containers.chain(self.spec.init_containers.iter().map(|one| (one, true)))
    }

    /// What runs as the container of a name; empty if nothing does.
    #[must_use]
    pub fn container_id(&self, name: &str, init: bool) -> &str {
        let statuses = if init {
            &self.status.init_container_statuses
        } else {
            &self.status.container_statuses
        };
        let found = statuses.iter().find(|status| *status.name == *name);
        found.map_or("", |status| &status.id)
    }
}

fn ready<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Text>, D::Error> {
    #[derive(Deserialize)]
    struct Condition {
        #[serde(default, rename = "type")]
        kind: Text,
        #[serde(default)]
        status: Text,
    }
    let conditions = Option::<Vec<Condition>>::deserialize(deserializer)?.unwrap_or_default();
    let ready = conditions.into_iter().find(|one| &*one.kind == "Ready");
    Ok(ready.map(|condition| condition.status))
}
