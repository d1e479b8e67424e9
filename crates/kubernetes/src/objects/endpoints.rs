//! Endpoints: the older list of what is behind a service.

use serde::Deserialize;

use super::{Meta, null_is_default, resource};
use crate::text::Text;

/// What is behind a service.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Endpoints {
    /// Its metadata; its name is that of the service.
    pub metadata: Meta,
    /// Addresses that share their ports.
    #[serde(default, deserialize_with = "null_is_default")]
    pub subsets: Box<[Subset]>,
}
resource!(Endpoints, "/api/v1", "endpoints", namespaced: true, metadata_only: false);

/// Addresses, each with all of the ports.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Subset {
    /// Those that are ready.
    #[serde(deserialize_with = "null_is_default")]
    pub addresses: Box<[EndpointAddress]>,
    /// Those that are not.
    #[serde(deserialize_with = "null_is_default")]
    pub not_ready_addresses: Box<[EndpointAddress]>,
    /// The ports.
    #[serde(deserialize_with = "null_is_default")]
    pub ports: Box<[EndpointPort]>,
}

/// An address behind a service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EndpointAddress {
    /// The address.
    pub ip: Box<str>,
    /// Its host name; may be empty.
    #[serde(deserialize_with = "null_is_default")]
    pub hostname: Text,
    /// The node it is on, if it is on one.
    pub node_name: Option<Text>,
    /// The object that has this address.
    pub target_ref: Option<ObjectReference>,
}

/// A port behind a service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct EndpointPort {
    /// Its name; may be empty.
    pub name: Text,
    /// Its number.
    pub port: i32,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: Text,
}

/// Another object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ObjectReference {
    /// For example `Pod`.
    pub kind: Text,
    /// Its namespace, if it is in one.
    pub namespace: Text,
    /// Its name.
    pub name: Text,
}
