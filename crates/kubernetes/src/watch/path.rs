//! The paths of requests.

use std::fmt;
use std::time::Duration;

use headwater_prometheus::percent::escape;

use crate::objects::Kind;
use crate::selector::Selector;

/// What is watched of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    /// For messages: the plural name of the kind.
    pub(crate) plural: &'static str,
    /// One namespace, or all of them.
    pub(crate) namespace: Option<String>,
    pub(crate) selector: Selector,
}

/// For messages: `pods in shop with app=web`.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.plural)?;
        if let Some(namespace) = &self.namespace {
            write!(f, " in {namespace}")?;
        }
        for selector in [&self.selector.label, &self.selector.field] {
            if !selector.is_empty() {
                write!(f, " with {selector}")?;
            }
        }
        Ok(())
    }
}

impl Scope {
    fn base(&self, kind: &Kind) -> String {
        let mut path = kind.api.to_owned();
        if let Some(namespace) = self.namespace.as_ref().filter(|_| kind.namespaced) {
            path.push_str("/namespaces/");
            push_encoded(&mut path, namespace);
        }
        path.push('/');
        path.push_str(kind.plural);
        path.push('?');
        for (key, value) in [
            ("labelSelector", &self.selector.label),
            ("fieldSelector", &self.selector.field),
        ] {
            if !value.is_empty() {
                path.push_str(key);
                path.push('=');
                push_encoded(&mut path, value);
                path.push('&');
            }
        }
        path
    }

    /// A page of a list.
    pub(super) fn list(&self, kind: &Kind, limit: u32, next: &str) -> String {
        let mut path = self.base(kind);
        path.push_str(&format!("limit={limit}"));
        if !next.is_empty() {
            path.push_str("&continue=");
            push_encoded(&mut path, next);
        }
        path
    }

    /// The changes since a version.
    pub(super) fn watch(&self, kind: &Kind, version: &str, duration: Duration) -> String {
        let mut path = self.base(kind);
        let seconds = duration.as_secs().max(1);
        path.push_str(&format!(
            "watch=true&allowWatchBookmarks=true&timeoutSeconds={seconds}&resourceVersion="
        ));
        push_encoded(&mut path, version);
        path
    }
}

fn push_encoded(path: &mut String, text: &str) {
    escape(path, text, b"-._~");
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Scope;
    use crate::objects::{EndpointSlice, Node, Pod, Resource as _};
    use crate::selector::Selector;

    #[test]
    fn paths_name_group_namespace_and_selectors() {
        let mut scope = Scope {
            plural: "pods",
            namespace: None,
            selector: Selector::default(),
        };
        assert_eq!(scope.list(&Pod::KIND, 500, ""), "/api/v1/pods?limit=500");
        scope.namespace = Some("shop".to_owned());
        scope.selector = Selector {
            label: "app in (a, b)".to_owned(),
            field: "spec.nodeName=n&1".to_owned(),
        };
        assert_eq!(
            scope.list(&EndpointSlice::KIND, 1, "a/b="),
            "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices?labelSelector=app%20in%20%28a%2C%20b%29\
             &fieldSelector=spec.nodeName%3Dn%261&limit=1&continue=a%2Fb%3D"
        );
        let watch = scope.watch(&Node::KIND, "12", Duration::from_secs(9));
        assert!(watch.starts_with("/api/v1/nodes?"), "{watch}");
        assert!(
            watch.contains("&timeoutSeconds=9&resourceVersion=12"),
            "{watch}"
        );
        assert_eq!(
            scope.to_string(),
            "pods in shop with app in (a, b) with spec.nodeName=n&1"
        );
    }
}
