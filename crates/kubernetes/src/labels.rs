//! From objects to targets: the `__meta_kubernetes_*` labels of each role, as Prometheus has them.
//!
//! Nothing here knows how objects are found: what an object refers to is asked of a [`Lookup`].
//! Where two names differ only in characters that a label name cannot have, the later one counts.

mod attached;
mod backend;
mod endpoint_slice;
mod endpoints;
mod ingress;
mod node;
mod pod;
mod service;

use std::sync::Arc;

use headwater_discovery::TargetGroup;
use headwater_prometheus::Labels;

use crate::objects::{
    Job, Meta, NamespaceMeta, NodeMeta, Pod, ReplicaSet, Resource, Service, ServiceMeta,
};

/// The label that holds the namespace.
const NAMESPACE: &str = "__meta_kubernetes_namespace";

/// Where to connect to.
const ADDRESS: &str = "__address__";

/// Which further objects give labels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Attach {
    /// The node of a pod or endpoint.
    pub node: bool,
    /// The namespace of any object.
    pub namespace: bool,
    /// The deployment of a pod, by way of its replica set.
    pub deployment: bool,
    /// The job of a pod.
    pub job: bool,
    /// The cron job of a pod, by way of its job.
    pub cronjob: bool,
}

/// Finds what an object refers to.
pub trait Lookup {
    /// A pod.
    fn pod(&mut self, namespace: &str, name: &str) -> Option<Arc<Pod>>;
    /// The metadata of a service: what the role `endpoints` needs of it.
    fn service_meta(&mut self, namespace: &str, name: &str) -> Option<Arc<ServiceMeta>>;
    /// A service: what the role `endpointslice` needs of it.
    fn service(&mut self, namespace: &str, name: &str) -> Option<Arc<Service>>;
    /// The metadata of a node.
    fn node(&mut self, name: &str) -> Option<Arc<NodeMeta>>;
    /// The metadata of a namespace.
    fn namespace(&mut self, name: &str) -> Option<Arc<NamespaceMeta>>;
    /// A replica set.
    fn replica_set(&mut self, namespace: &str, name: &str) -> Option<Arc<ReplicaSet>>;
    /// A job.
    fn job(&mut self, namespace: &str, name: &str) -> Option<Arc<Job>>;
}

/// An object that is a group of targets of some role.
pub trait Targets: Resource {
    /// What the sources of its groups begin with, for example `pod/`.
    const SOURCE: &'static str;

    /// Its targets. A group without targets is none.
    fn group(&self, attach: Attach, lookup: &mut dyn Lookup) -> TargetGroup;
}

/// The name of a group: `pod/namespace/name`.
#[must_use]
pub fn source<K: Targets>(key: &str) -> Arc<str> {
    format!("{}{key}", K::SOURCE).into()
}

/// A group of an object, still without labels.
fn group_of<K: Targets>(object: &K) -> TargetGroup {
    TargetGroup {
        source: source::<K>(&object.meta().key()),
        ..TargetGroup::default()
    }
}

/// Sets `__meta_kubernetes_<name>`.
fn set(labels: &mut Labels, name: &str, value: &str) {
    if !value.is_empty() {
        labels.set(&format!("__meta_kubernetes_{name}"), value);
    }
}

/// Name, labels and annotations of an object.
fn set_meta(labels: &mut Labels, role: &str, meta: &Meta) {
    set(labels, &format!("{role}_name"), &meta.name);
    set_pairs(labels, role, meta);
}

/// Labels and annotations of an object.
fn set_pairs(labels: &mut Labels, role: &str, meta: &Meta) {
    for (name, value) in meta.labels.iter() {
        let name = sanitized(name);
        set(labels, &format!("{role}_label_{name}"), value);
        set(labels, &format!("{role}_labelpresent_{name}"), "true");
    }
    for (name, value) in meta.annotations.iter() {
        let name = sanitized(name);
        set(labels, &format!("{role}_annotation_{name}"), value);
        set(labels, &format!("{role}_annotationpresent_{name}"), "true");
    }
}

/// `name` with `_` for every character that a label name cannot have.
fn sanitized(name: &str) -> String {
    let valid = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars()
        .map(|c| if valid(c) { c } else { '_' })
        .collect()
}

/// `host:port`, with brackets around an IPv6 address.
fn join_host_port(host: &str, port: i32) -> String {
    if host.contains([':', '%']) {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

const fn bool_text(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}
