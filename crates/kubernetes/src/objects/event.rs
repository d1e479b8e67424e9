//! Events of a cluster: what has happened to its objects. Source: Kubernetes `core/v1.Event`.

use serde::Deserialize;

use super::{Kind, null_is_default};

/// An event. Times are as the server writes them (RFC 3339), empty where there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Event {
    /// Its metadata.
    pub metadata: EventMeta,
    /// What it has happened to.
    #[serde(deserialize_with = "null_is_default")]
    pub involved_object: InvolvedObject,
    /// Why, in a word for programs: `Scheduled`.
    #[serde(deserialize_with = "null_is_default")]
    pub reason: String,
    /// What, for people.
    #[serde(deserialize_with = "null_is_default")]
    pub message: String,
    /// Who has reported it.
    #[serde(deserialize_with = "null_is_default")]
    pub source: EventSource,
    /// When it happened first.
    #[serde(deserialize_with = "null_is_default")]
    pub first_timestamp: String,
    /// When it happened last.
    #[serde(deserialize_with = "null_is_default")]
    pub last_timestamp: String,
    /// When it happened, of those who report that in microseconds.
    #[serde(deserialize_with = "null_is_default")]
    pub event_time: String,
    /// How often it happened; 0 if it does not say.
    #[serde(deserialize_with = "null_is_default")]
    pub count: i32,
    /// `Normal` or `Warning`; newer servers may know others.
    #[serde(rename = "type", deserialize_with = "null_is_default")]
    pub kind: String,
    /// What was done to the object.
    #[serde(deserialize_with = "null_is_default")]
    pub action: String,
    /// The controller that has reported it: `kubelet`.
    #[serde(rename = "reportingComponent", deserialize_with = "null_is_default")]
    pub reporting_controller: String,
    /// Its instance.
    #[serde(deserialize_with = "null_is_default")]
    pub reporting_instance: String,
}

/// What an event has of the metadata of objects.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EventMeta {
    /// Its name.
    #[serde(deserialize_with = "null_is_default")]
    pub name: String,
    /// Where it is.
    #[serde(deserialize_with = "null_is_default")]
    pub namespace: String,
    /// What tells it from all others.
    #[serde(deserialize_with = "null_is_default")]
    pub uid: String,
    /// Another one each time it happens again.
    #[serde(deserialize_with = "null_is_default")]
    pub resource_version: String,
    /// When the server saw it first.
    #[serde(deserialize_with = "null_is_default")]
    pub creation_timestamp: String,
}

/// What an event has happened to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InvolvedObject {
    /// For example `Pod`.
    #[serde(deserialize_with = "null_is_default")]
    pub kind: String,
    /// Empty for what lives in no namespace.
    #[serde(deserialize_with = "null_is_default")]
    pub namespace: String,
    /// Its name.
    #[serde(deserialize_with = "null_is_default")]
    pub name: String,
    /// Its uid.
    #[serde(deserialize_with = "null_is_default")]
    pub uid: String,
    /// For example `v1`.
    #[serde(deserialize_with = "null_is_default")]
    pub api_version: String,
    /// Its version.
    #[serde(deserialize_with = "null_is_default")]
    pub resource_version: String,
    /// The part of it that is meant: `spec.containers{web}`.
    #[serde(deserialize_with = "null_is_default")]
    pub field_path: String,
}

/// Who has reported an event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct EventSource {
    /// For example `kubelet`.
    #[serde(deserialize_with = "null_is_default")]
    pub component: String,
    /// On which node.
    #[serde(deserialize_with = "null_is_default")]
    pub host: String,
}

impl Event {
    /// Where the API serves them.
    pub const KIND: Kind = Kind {
        api: "/api/v1",
        plural: "events",
        namespaced: true,
        metadata_only: false,
    };
}
