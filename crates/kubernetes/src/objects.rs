//! Kubernetes objects, reduced to what labels are made of.
//!
//! Everything else of an object (`managedFields` above all) is skipped while it is decoded. Two
//! versions of an object that differ only in what is skipped are equal, so that the many status
//! updates of a cluster end where they arrive.

mod endpoint_slice;
mod endpoints;
mod event;
mod ingress;
mod meta;
mod node;
mod owned;
mod pod;
mod service;

use serde::de::{Deserialize, DeserializeOwned, Deserializer};

pub use endpoint_slice::{Conditions, Endpoint, EndpointSlice, SlicePort};
pub use endpoints::{EndpointAddress, EndpointPort, Endpoints, ObjectReference, Subset};
pub use event::{Event, EventMeta, EventSource, InvolvedObject};
pub use ingress::{Ingress, IngressRule};
pub use meta::{Controller, Meta, Pairs, key as object_key};
pub use node::{Node, NodeAddress, NodeCondition};
pub use owned::{Job, NamespaceMeta, NodeMeta, ReplicaSet, ServiceMeta};
pub use pod::{Container, ContainerPort, ContainerStatus, Pod};
pub use service::{Service, ServicePort};

/// Where the API serves the objects of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// The path of its group and version, for example `/apis/apps/v1`.
    pub api: &'static str,
    /// Its plural name in paths, for example `replicasets`.
    pub plural: &'static str,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// Whether the API server is asked for nothing but `metadata`.
    pub metadata_only: bool,
}

/// An object of the API.
pub trait Resource: DeserializeOwned + PartialEq + std::fmt::Debug + Send + Sync + 'static {
    /// Where the API serves it.
    const KIND: Kind;

    /// Its name, labels and annotations.
    fn meta(&self) -> &Meta;
}

/// Declares the kind of a struct with a field `metadata`.
macro_rules! resource {
    ($name:ty, $api:literal, $plural:literal, namespaced: $namespaced:literal, metadata_only: $metadata_only:literal) => {
        impl $crate::objects::Resource for $name {
            const KIND: $crate::objects::Kind = $crate::objects::Kind {
                api: $api,
                plural: $plural,
                namespaced: $namespaced,
                metadata_only: $metadata_only,
            };

            fn meta(&self) -> &$crate::objects::Meta {
                &self.metadata
            }
        }
    };
}
use resource;

/// Go writes an absent list as `null`.
fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
