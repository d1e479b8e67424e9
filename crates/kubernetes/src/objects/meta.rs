//! What every object carries.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::text::Text;

/// Name, labels, annotations and owner of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Meta {
    /// Unique within namespace and kind.
    pub name: Box<str>,
    /// Empty for what lives in no namespace.
    pub namespace: Text,
    /// What tells this object from a later one of the same name.
    pub uid: Box<str>,
    /// Its labels.
    pub labels: Pairs,
    /// Its annotations.
    pub annotations: Pairs,
    /// The owner that manages it, if one does.
    #[serde(rename = "ownerReferences", deserialize_with = "controller")]
    pub controller: Option<Controller>,
}

impl Meta {
    /// `namespace/name`, or only the name of what lives in no namespace.
    #[must_use]
    pub fn key(&self) -> String {
        key(&self.namespace, &self.name)
    }
}

/// The key of an object in a store: `namespace/name`, or only the name without a namespace.
#[must_use]
pub fn key(namespace: &str, name: &str) -> String {
    if namespace.is_empty() {
        name.to_owned()
    } else {
        format!("{namespace}/{name}")
    }
}

/// The one owner of an object whose `controller` is true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Controller {
    /// For example `ReplicaSet`.
    pub kind: Text,
    /// Its name, in the namespace of what it owns.
    pub name: Text,
}

fn controller<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Controller>, D::Error> {
    #[derive(Deserialize)]
    struct Owner {
        #[serde(default)]
        kind: Text,
        #[serde(default)]
        name: Text,
        controller: Option<bool>,
    }
    let owners = Option::<Vec<Owner>>::deserialize(deserializer)?.unwrap_or_default();
    let first = owners
        .into_iter()
        .find(|owner| owner.controller == Some(true));
    Ok(first.map(|owner| Controller {
        kind: owner.kind,
        name: owner.name,
    }))
}

/// Labels or annotations, in the order in which the server wrote them (by name).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Pairs(Box<[(Text, Text)]>);

impl Pairs {
    /// The value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| **known == *name);
        found.map(|(_, value)| &**value)
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> + '_ {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

impl fmt::Debug for Pairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map;

        impl<'de> Visitor<'de> for Map {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of text")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs.into()))
            }

            fn visit_unit<E: serde::de::Error>(self) -> Result<Pairs, E> {
                Ok(Pairs::default())
            }
        }

        deserializer.deserialize_any(Map)
    }
}

#[cfg(test)]
mod tests {
    use super::Meta;

    #[test]
    fn only_what_is_needed_is_read() {
        let meta: Meta = serde_json::from_str(
            r#"{"name":"web","namespace":"shop","uid":"1-2","creationTimestamp":"2026-01-01T00:00:00Z",
                "managedFields":[{"manager":"kubelet","fieldsV1":{"f:status":{}}}],
                "labels":{"app":"web"},"annotations":null,
                "ownerReferences":[{"kind":"A","name":"a"},{"kind":"ReplicaSet","name":"web-1","controller":true}]}"#,
        )
        .unwrap();
        assert_eq!(meta.key(), "shop/web");
        assert_eq!(meta.labels.get("app"), Some("web"));
        assert_eq!(meta.annotations.iter().count(), 0);
        let owner = meta.controller.unwrap();
        assert_eq!((&*owner.kind, &*owner.name), ("ReplicaSet", "web-1"));
    }

    #[test]
    fn an_owner_that_does_not_control_is_none() {
        let json = r#"{"name":"n","ownerReferences":[{"kind":"A","name":"a","controller":false}]}"#;
        let meta: Meta = serde_json::from_str(json).unwrap();
        assert_eq!(meta.controller, None);
        assert_eq!(meta.key(), "n");
    }
}
