//! Values that are never shown, and lists of names and values.

use std::fmt;

use super::scalar::Scalar;
use super::{
    Code, Config, DecodeContext, EncodeContext, Key, Map, Node, Origin, Schema, Validation, Value,
};

/// What stands in the place of a secret.
pub const REDACTED: &str = "[REDACTED]";

/// Text that must not reach a log, an error or `print-config`: a password, a token, a private
/// key, the value of a header. `Debug` and `Display` print `[REDACTED]`.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Opaque(String);

impl Opaque {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself. What it returns must not be printed.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether the text is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl fmt::Display for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl From<&str> for Opaque {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Opaque {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl Scalar for Opaque {
    fn parse(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
        cx.secret(node, |cx| <String as Scalar>::parse(node, cx))
            .map(Self)
    }

    fn write(&self, cx: EncodeContext) -> Node {
        if cx.redact && !self.0.is_empty() {
            REDACTED.into()
        } else {
            self.0.as_str().into()
        }
    }

    fn schema() -> Schema {
        Schema::Secret
    }

    fn takes_text() -> bool {
        true
    }

    fn zero() -> Option<Self> {
        Some(Self::default())
    }
}

/// Names with values in the order in which they were written, such as headers: a map, or a list
/// of `{name, value}`. The values are secrets unless the type says otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameValues<V = Opaque>(Vec<(String, V)>);

impl<V> NameValues<V> {
    /// No names.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The value of a name; names are compared as they are written.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&V> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    /// Sets the value of a name; a name that exists keeps its place.
    pub fn insert(&mut self, name: impl Into<String>, value: V) {
        let name = name.into();
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some(entry) => entry.1 = value,
            None => self.0.push((name, value)),
        }
    }

    /// The names with their values in the order in which they were written.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &V)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// How many names there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no name.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<V> Default for NameValues<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<N: Into<String>, V> FromIterator<(N, V)> for NameValues<V> {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(entries: I) -> Self {
        let mut list = Self::new();
        for (name, value) in entries {
            list.insert(name, value);
        }
        list
    }
}

impl<V: Config> Config for NameValues<V> {
    fn decode(&mut self, node: &Node, cx: &mut DecodeContext<'_>) {
        match &node.value {
            Value::Null => {}
            Value::Map(map) => {
                for (key, value) in map {
                    let decoded =
                        cx.child(&key.name, &key.origin, value, |cx| V::from_node(value, cx));
                    if let Some(decoded) = decoded {
                        self.insert(key.name.as_str(), decoded);
                    }
                }
            }
            Value::Seq(items) => *self = decode_list(items, cx),
            _ => {
                cx.wrong_type(node, "a map, or a list of `{name, value}`");
            }
        }
    }

    fn from_node(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
        let mut list = Self::new();
        list.decode(node, cx);
        Some(list)
    }

    fn encode(&self, cx: EncodeContext) -> Node {
        self.iter()
            .map(|(name, value)| (Key::new(name, Origin::Default), value.encode(cx)))
            .collect::<Map>()
            .into()
    }

    fn schema(&self) -> Schema {
        Self::type_schema()
    }

    fn type_schema() -> Schema {
        Schema::Map(Box::new(V::type_schema()))
    }

    fn validate(&self, validation: &mut Validation<'_>) {
        for (name, value) in self.iter() {
            validation.child(name, |validation| value.validate(validation));
        }
    }
}

/// Decodes a list of `{name, value}`; a name may be given once.
fn decode_list<V: Config>(items: &[Node], cx: &mut DecodeContext<'_>) -> NameValues<V> {
    let mut list = NameValues::new();
    let mut places: Vec<(String, Origin)> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        cx.child(&index.to_string(), &item.origin, item, |cx| {
            let Some(map) = item.as_map() else {
                cx.wrong_type(item, "a map with `name` and `value`");
                return;
            };
            for (key, _) in map {
                if key.name != "name" && key.name != "value" {
                    let known = ["name", "value"];
                    super::fields::report_unknown(key, &known, &known, cx);
                }
            }
            let Some((key, name_node)) = map.entry("name") else {
                cx.error(Code::INVALID_VALUE, &item.origin, "`name` is missing");
                return;
            };
            let name = cx.child("name", &key.origin, name_node, |cx| {
                String::from_node(name_node, cx)
            });
            let value = match map.entry("value") {
                Some((key, node)) => {
                    cx.child("value", &key.origin, node, |cx| V::from_node(node, cx))
                }
                None => V::from_node(&Node::null(item.origin.clone()), cx),
            };
            let (Some(name), Some(value)) = (name, value) else {
                return;
            };
            if let Some((_, first)) = places.iter().find(|(known, _)| *known == name) {
                let message = format!("name `{name}` is given twice");
                cx.error(Code::DUPLICATE_NAME, &name_node.origin, message)
                    .also(first, "first given here");
                return;
            }
            places.push((name.clone(), name_node.origin.clone()));
            list.insert(name, value);
        });
    }
    list
}
