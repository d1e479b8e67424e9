//! Endpoint slices: the newer list of what is behind a service.

use serde::Deserialize;

use super::{Meta, ObjectReference, Pairs, null_is_default, resource};
use crate::text::Text;

/// A part of what is behind a service.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointSlice {
    /// Its metadata; a label names the service.
    pub metadata: Meta,
    /// `IPv4`, `IPv6` or `FQDN`.
    #[serde(default)]
    pub address_type: Text,
    /// What answers.
    #[serde(default, deserialize_with = "null_is_default")]
    pub endpoints: Box<[Endpoint]>,
    /// The ports, of every one of them.
    #[serde(default, deserialize_with = "null_is_default")]
    pub ports: Box<[SlicePort]>,
}
resource!(EndpointSlice, "/apis/discovery.k8s.io/v1", "endpointslices", namespaced: true, metadata_only: false);

/// Something behind a service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Endpoint {
    /// Its addresses.
    #[serde(deserialize_with = "null_is_default")]
    pub addresses: Box<[Box<str>]>,
    /// Whether it answers.
    #[serde(deserialize_with = "null_is_default")]
    pub conditions: Conditions,
    /// Its host name.
    pub hostname: Option<Text>,
    /// The node it is on.
    pub node_name: Option<Text>,
    /// The zone it is in.
    pub zone: Option<Text>,
    /// The object that it is.
    pub target_ref: Option<ObjectReference>,
    /// Where it is, as it was written before `nodeName` and `zone`.
    pub deprecated_topology: Pairs,
}

/// Whether an endpoint answers; what is not known is absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Conditions {
    /// It takes new connections.
    pub ready: Option<bool>,
    /// It answers, and may be about to go.
    pub serving: Option<bool>,
    /// It is about to go.
    pub terminating: Option<bool>,
}

/// A port of every endpoint of a slice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SlicePort {
    /// Its name.
    pub name: Option<Text>,
    /// Its number; none stands for all ports.
    pub port: Option<i32>,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: Option<Text>,
    /// For example `kubernetes.io/h2c`.
    pub app_protocol: Option<Text>,
}
