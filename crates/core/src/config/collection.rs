//! Lists, maps and values that may be absent.

use std::collections::BTreeMap;

use super::{
    Config, DecodeContext, EncodeContext, Key, Map, Node, Origin, Schema, Validation, Value,
};

/// Any value, kept as it was written.
impl Config for Node {
    fn decode(&mut self, node: &Node, _: &mut DecodeContext<'_>) {
        *self = node.clone();
    }

    fn from_node(node: &Node, _: &mut DecodeContext<'_>) -> Option<Self> {
        Some(node.clone())
    }

    fn encode(&self, _: EncodeContext) -> Node {
        self.clone()
    }

    fn schema(&self) -> Schema {
        Schema::Any
    }

    fn type_schema() -> Schema {
        Schema::Any
    }
}

/// A value that may be absent. Null leaves it as it is.
impl<T: Config> Config for Option<T> {
    fn decode(&mut self, node: &Node, cx: &mut DecodeContext<'_>) {
        match self {
            _ if node.is_null() => {}
            Some(value) => value.decode(node, cx),
            None => *self = T::from_node(node, cx),
        }
    }

    fn from_node(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
        if node.is_null() {
            Some(None)
        } else {
            T::from_node(node, cx).map(Some)
        }
    }

    fn encode(&self, cx: EncodeContext) -> Node {
        self.as_ref()
            .map_or_else(Node::default, |value| value.encode(cx))
    }

    fn schema(&self) -> Schema {
        self.as_ref().map_or_else(T::type_schema, Config::schema)
    }

    fn type_schema() -> Schema {
        T::type_schema()
    }

    fn validate(&self, validation: &mut Validation<'_>) {
        if let Some(value) = self {
            value.validate(validation);
        }
    }
}

/// A list: a given list replaces the default, `[]` empties it, null keeps it. A list of strings
/// may be written as one string with commas.
impl<T: Config> Config for Vec<T> {
    fn decode(&mut self, node: &Node, cx: &mut DecodeContext<'_>) {
        if node.is_null() {
            return;
        }
        if let Some(items) = Self::from_node(node, cx) {
            *self = items;
        }
    }

    fn from_node(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
        match &node.value {
            Value::Null => Some(Self::new()),
            Value::Seq(items) => {
                let mut list = Self::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    let value = cx.child(&index.to_string(), &item.origin, item, |cx| {
                        T::from_node(item, cx)
                    });
                    list.extend(value);
                }
                Some(list)
            }
            _ => {
                let split = node
                    .as_text()
                    .filter(|_| !matches!(node.value, Value::Map(_)))
                    .and_then(T::split_list);
                if split.is_none() {
                    cx.wrong_type(node, "a list");
                }
                split
            }
        }
    }

    fn encode(&self, cx: EncodeContext) -> Node {
        self.iter()
            .map(|item| item.encode(cx))
            .collect::<Vec<_>>()
            .into()
    }

    fn schema(&self) -> Schema {
        Self::type_schema()
    }

    fn type_schema() -> Schema {
        Schema::List(Box::new(T::type_schema()))
    }

    fn validate(&self, validation: &mut Validation<'_>) {
        for (index, item) in self.iter().enumerate() {
            validation.child(&index.to_string(), |validation| item.validate(validation));
        }
    }
}

/// A map from names to values that keeps the order in which they were written. Given entries
/// are added to the default's; an entry of the same name replaces it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderedMap<T>(Vec<(String, T)>);

impl<T> OrderedMap<T> {
    /// An empty map.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&T> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    /// Sets the value of a name; a name that exists keeps its place.
    pub fn insert(&mut self, name: impl Into<String>, value: T) {
        let name = name.into();
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some(entry) => entry.1 = value,
            None => self.0.push((name, value)),
        }
    }

    /// The entries in the order in which they were written.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &T)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// How many entries there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Default for OrderedMap<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> IntoIterator for OrderedMap<T> {
    type Item = (String, T);
    type IntoIter = std::vec::IntoIter<(String, T)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<N: Into<String>, T> FromIterator<(N, T)> for OrderedMap<T> {
    fn from_iter<I: IntoIterator<Item = (N, T)>>(entries: I) -> Self {
        let mut map = Self::new();
        for (name, value) in entries {
            map.insert(name, value);
        }
        map
    }
}

/// Decodes the entries of a map one by one; false after an error about the whole value.
fn decode_entries<T: Config>(
    node: &Node,
    cx: &mut DecodeContext<'_>,
    mut insert: impl FnMut(&str, T),
) {
    let map = match &node.value {
        Value::Null => return,
        Value::Map(map) => map,
        _ => {
            cx.wrong_type(node, "a map");
            return;
        }
    };
    for (key, value) in map {
        let decoded = cx.child(&key.name, &key.origin, value, |cx| T::from_node(value, cx));
        if let Some(decoded) = decoded {
            insert(&key.name, decoded);
        }
    }
}

fn encode_entries<'a, T: Config + 'a>(
    entries: impl Iterator<Item = (&'a str, &'a T)>,
    cx: EncodeContext,
) -> Node {
    entries
        .map(|(name, value)| (Key::new(name, Origin::Default), value.encode(cx)))
        .collect::<Map>()
        .into()
}

macro_rules! maps {
    ($($type:ident),+) => {$(
        impl<T: Config> Config for $type!(T) {
            fn decode(&mut self, node: &Node, cx: &mut DecodeContext<'_>) {
                decode_entries(node, cx, |name, value| {
                    self.insert(name.to_owned(), value);
                });
            }

            fn from_node(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
                let mut map = Self::new();
                map.decode(node, cx);
                Some(map)
            }

            fn encode(&self, cx: EncodeContext) -> Node {
                encode_entries(self.iter().map(|(name, value)| (name.as_ref(), value)), cx)
            }

            fn schema(&self) -> Schema {
                Self::type_schema()
            }

            fn type_schema() -> Schema {
                Schema::Map(Box::new(T::type_schema()))
            }

            fn validate(&self, validation: &mut Validation<'_>) {
                for (name, value) in self.iter() {
                    validation.child(name.as_ref(), |validation| value.validate(validation));
                }
            }
        }
    )+};
}

macro_rules! ordered {
    ($value:ident) => { OrderedMap<$value> };
}
macro_rules! sorted {
    ($value:ident) => { BTreeMap<String, $value> };
}

maps!(ordered, sorted);
