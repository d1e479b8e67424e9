//! What a batch came with: who sent it, with which headers, for which tenant, and when.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

/// Request headers that a component may read, by lower-case name, each with its values in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Metadata {
    entries: Vec<(Box<str>, Vec<Box<str>>)>,
}

impl Metadata {
    /// Appends one value; names are lower-cased, a name given again gains a value.
    pub fn append(&mut self, name: &str, value: &str) {
        let name = name.to_ascii_lowercase();
        match self.entries.iter_mut().find(|(known, _)| **known == *name) {
            Some((_, values)) => values.push(value.into()),
            None => self.entries.push((name.into(), vec![value.into()])),
        }
    }

    /// The values of `name` (any case); empty if there are none.
    #[must_use]
    pub fn get(&self, name: &str) -> &[Box<str>] {
        self.entries
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map_or(&[], |(_, values)| values)
    }

    /// Every name with its values, in order of arrival.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[Box<str>])> {
        self.entries
            .iter()
            .map(|(name, values)| (&**name, &**values))
    }

    /// Whether there are no headers.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Who authenticated, as a server authenticator established it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// Attributes of the identity, for example `username` or `subject`; upstream's `auth.<attr>`.
    pub attributes: Vec<(Box<str>, Box<str>)>,
}

impl Identity {
    /// The attribute called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(known, _)| **known == *name)
            .map(|(_, value)| &**value)
    }
}

/// The parts of a [`Context`]; fill in what is known and call [`Context::new`].
#[derive(Debug, Clone, Default)]
pub struct ContextParts {
    /// The client's address.
    pub peer: Option<SocketAddr>,
    /// Selected request headers; empty unless the receiver has `include_metadata: true`.
    pub metadata: Metadata,
    /// Who authenticated; `None` without a server authenticator.
    pub identity: Option<Identity>,
    /// The tenant the telemetry belongs to, once a component has derived it.
    pub tenant: Option<Arc<str>>,
    /// When the request arrived (monotonic clock).
    pub arrived: Option<Instant>,
}

/// What a batch came with. Cheap to clone; the empty context allocates nothing.
#[derive(Debug, Clone, Default)]
pub struct Context(Option<Arc<ContextParts>>);

impl Context {
    /// A context that holds `parts`.
    #[must_use]
    pub fn new(parts: ContextParts) -> Self {
        Self(Some(Arc::new(parts)))
    }

    /// The client's address, if known.
    #[must_use]
    pub fn peer(&self) -> Option<SocketAddr> {
        self.0.as_ref()?.peer
    }

    /// The values of request header `name` (any case).
    #[must_use]
    pub fn header(&self, name: &str) -> &[Box<str>] {
        self.0
            .as_ref()
            .map_or(&[], |parts| parts.metadata.get(name))
    }

    /// Every request header that was kept.
    #[must_use]
    pub fn metadata(&self) -> Option<&Metadata> {
        self.0.as_ref().map(|parts| &parts.metadata)
    }

    /// Who authenticated.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        self.0.as_ref()?.identity.as_ref()
    }

    /// The tenant.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        self.0.as_ref()?.tenant.as_deref()
    }

    /// When the request arrived.
    #[must_use]
    pub fn arrived(&self) -> Option<Instant> {
        self.0.as_ref()?.arrived
    }

    /// A context that keeps only the headers named in `keys`, and the tenant: what survives a
    /// batcher. Address, identity and arrival differ between the requests it merges.
    #[must_use]
    pub fn retain(&self, keys: &[String]) -> Self {
        let Some(parts) = &self.0 else {
            return Self::default();
        };
        let mut metadata = Metadata::default();
        for key in keys {
            for value in parts.metadata.get(key) {
                metadata.append(key, value);
            }
        }
        if metadata.is_empty() && parts.tenant.is_none() {
            return Self::default();
        }
        Self::new(ContextParts {
            metadata,
            tenant: parts.tenant.clone(),
            ..Default::default()
        })
    }

    /// The same context with `tenant` set. Copies nothing if nobody else has this context.
    #[must_use]
    pub fn into_tenant(self, tenant: Arc<str>) -> Self {
        let mut parts = self
            .0
            .map_or_else(ContextParts::default, Arc::unwrap_or_clone);
        parts.tenant = Some(tenant);
        Self::new(parts)
    }

    /// The same context with `tenant` set.
    #[must_use]
    pub fn with_tenant(&self, tenant: Arc<str>) -> Self {
        let mut parts = self.0.as_deref().cloned().unwrap_or_default();
        parts.tenant = Some(tenant);
        Self::new(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_found_in_any_case_and_keep_every_value() {
        let mut metadata = Metadata::default();
        metadata.append("X-Scope-OrgID", "a");
        metadata.append("x-scope-orgid", "b");
        let context = Context::new(ContextParts {
            metadata,
            ..Default::default()
        });
        let values: Vec<_> = context
            .header("X-SCOPE-ORGID")
            .iter()
            .map(|v| &**v)
            .collect();
        assert_eq!(values, ["a", "b"]);
    }

    #[test]
    fn retain_keeps_the_named_headers_and_the_tenant_only() {
        let mut metadata = Metadata::default();
        metadata.append("a", "1");
        metadata.append("b", "2");
        let parts = ContextParts {
            metadata,
            tenant: Some("t".into()),
            peer: Some(([127, 0, 0, 1], 1).into()),
            ..Default::default()
        };
        let kept = Context::new(parts).retain(&["B".to_owned()]);
        assert_eq!((kept.header("a").len(), kept.header("b").len()), (0, 1));
        assert_eq!((kept.tenant(), kept.peer()), (Some("t"), None));
    }

    #[test]
    fn a_tenant_is_set_without_losing_the_rest_whether_the_context_is_shared_or_not() {
        let mut metadata = Metadata::default();
        metadata.append("a", "1");
        let context = Context::new(ContextParts {
            metadata,
            ..Default::default()
        });
        let shared = context.clone();
        let set = context.into_tenant("t".into());
        assert_eq!((shared.tenant(), set.tenant()), (None, Some("t")));
        let again = set.into_tenant("u".into());
        assert_eq!((again.tenant(), again.header("a").len()), (Some("u"), 1));
        let none = Context::default().into_tenant("v".into());
        assert_eq!(none.tenant(), Some("v"));
    }
}
