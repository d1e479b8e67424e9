//! Kinds of which only `metadata` is asked for.

use serde::Deserialize;

use super::{Meta, resource};

/// Labels and annotations of a node.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct NodeMeta {
    /// Its metadata.
    pub metadata: Meta,
}
resource!(NodeMeta, "/api/v1", "nodes", namespaced: false, metadata_only: true);

/// Labels and annotations of a namespace.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct NamespaceMeta {
    /// Its metadata.
    pub metadata: Meta,
}
resource!(NamespaceMeta, "/api/v1", "namespaces", namespaced: false, metadata_only: true);

/// Labels and annotations of a service.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ServiceMeta {
    /// Its metadata.
    pub metadata: Meta,
}
resource!(ServiceMeta, "/api/v1", "services", namespaced: true, metadata_only: true);

/// Who owns a replica set.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ReplicaSet {
    /// Its metadata.
    pub metadata: Meta,
}
resource!(ReplicaSet, "/apis/apps/v1", "replicasets", namespaced: true, metadata_only: true);

/// Who owns a job.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Job {
    /// Its metadata.
    pub metadata: Meta,
}
resource!(Job, "/apis/batch/v1", "jobs", namespaced: true, metadata_only: true);
