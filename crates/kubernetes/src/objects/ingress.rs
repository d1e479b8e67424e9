//! Ingresses.

use serde::Deserialize;

use super::{Meta, null_is_default, resource};
use crate::text::Text;

/// An ingress.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Ingress {
    /// Its metadata.
    pub metadata: Meta,
    #[serde(default)]
    spec: Spec,
}
resource!(Ingress, "/apis/networking.k8s.io/v1", "ingresses", namespaced: true, metadata_only: false);

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    ingress_class_name: Option<Text>,
    #[serde(deserialize_with = "null_is_default")]
    tls: Box<[Tls]>,
    #[serde(deserialize_with = "null_is_default")]
    rules: Box<[IngressRule]>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Tls {
    #[serde(deserialize_with = "null_is_default")]
    hosts: Box<[Text]>,
}

/// A host and its paths.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct IngressRule {
    /// The host; empty stands for every one.
    pub host: Text,
    http: Option<Http>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Http {
    #[serde(deserialize_with = "null_is_default")]
    paths: Box<[Path]>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Path {
    path: Text,
}

impl Ingress {
    /// The class of the controller that serves it.
    #[must_use]
    pub fn class_name(&self) -> Option<&str> {
        self.spec.ingress_class_name.as_deref()
    }

    /// Its rules.
    #[must_use]
    pub fn rules(&self) -> &[IngressRule] {
        &self.spec.rules
    }

    /// The hosts for which it has certificates; a first `*` stands for one part of a name.
    pub fn tls_hosts(&self) -> impl Iterator<Item = &str> + '_ {
        let hosts = self.spec.tls.iter().flat_map(|tls| &tls.hosts);
        hosts.map(|host| &**host)
    }
}

impl IngressRule {
    /// Its paths: `/` if it says nothing of paths, and for an empty one.
    #[must_use]
    pub fn paths(&self) -> Vec<&str> {
        self.http.as_ref().map_or_else(
            || vec!["/"],
            |http| {
                let paths = http.paths.iter().map(|path| &*path.path);
                paths
                    .map(|path| if path.is_empty() { "/" } else { path })
                    .collect()
            },
        )
    }
}
