//! Lists and maps: as they lie in telemetry, or made by a function.

use std::borrow::Cow;

use headwater_core::pdata::view::{AnyValues, Array, Attributes, KeyValues};

use super::Value;

/// A list.
#[derive(Debug, Clone)]
pub enum List<'a> {
    /// As it lies in telemetry.
    View(Array<'a>),
    /// Of a literal.
    Slice(&'a [Value<'a>]),
    /// Made by a function.
    Owned(Vec<Value<'a>>),
}

impl<'a> List<'a> {
    /// The values in order.
    #[must_use]
    pub fn iter(&self) -> ListIter<'_, 'a> {
        match self {
            Self::View(array) => ListIter::View(array.iter()),
            Self::Slice(values) => ListIter::Slice(values.iter()),
            Self::Owned(values) => ListIter::Slice(values.iter()),
        }
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::View(array) => array.iter().count(),
            Self::Slice(values) => values.len(),
            Self::Owned(values) => values.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// The value at `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Value<'a>> {
        self.iter().nth(index)
    }
}

/// Iterates over the values of a list.
#[derive(Debug, Clone)]
pub enum ListIter<'l, 'a> {
    /// As it lies in telemetry.
    View(AnyValues<'a>),
    /// In memory.
    Slice(std::slice::Iter<'l, Value<'a>>),
}

impl<'a> Iterator for ListIter<'_, 'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        match self {
            Self::View(values) => values.next().map(Value::of),
            Self::Slice(values) => values.next().cloned(),
        }
    }
}

/// Names with values.
#[derive(Debug, Clone)]
pub enum Map<'a> {
    /// As it lies in telemetry.
    View(Attributes<'a>),
    /// Of a literal.
    Slice(&'a [(Cow<'a, [u8]>, Value<'a>)]),
    /// Made by a function.
    Owned(Vec<(Cow<'a, [u8]>, Value<'a>)>),
}

impl<'a> Map<'a> {
    /// The entries in order.
    #[must_use]
    pub fn iter(&self) -> MapIter<'_, 'a> {
        match self {
            Self::View(attributes) => MapIter::View(attributes.iter()),
            Self::Slice(entries) => MapIter::Slice(entries.iter()),
            Self::Owned(entries) => MapIter::Slice(entries.iter()),
        }
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::View(attributes) => attributes.iter().count(),
            Self::Slice(entries) => entries.len(),
            Self::Owned(entries) => entries.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// The value of `key`; the first one if it occurs twice.
    #[must_use]
    pub fn get(&self, key: &[u8]) -> Option<Value<'a>> {
        match self {
            Self::View(attributes) => attributes.get(key).map(Value::of),
            Self::Slice(entries) => find(entries, key),
            Self::Owned(entries) => find(entries, key),
        }
    }
}

fn find<'a>(entries: &[(Cow<'a, [u8]>, Value<'a>)], key: &[u8]) -> Option<Value<'a>> {
    entries
        .iter()
        .find(|(known, _)| **known == *key)
        .map(|(_, value)| value.clone())
}

/// Iterates over the entries of a map.
#[derive(Debug, Clone)]
pub enum MapIter<'m, 'a> {
    /// As it lies in telemetry.
    View(KeyValues<'a>),
    /// In memory.
    Slice(std::slice::Iter<'m, (Cow<'a, [u8]>, Value<'a>)>),
}

impl<'a> Iterator for MapIter<'_, 'a> {
    type Item = (Cow<'a, [u8]>, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::View(entries) => entries.next().map(|entry| {
                let key = Cow::Borrowed(entry.key().as_bytes());
                (key, Value::of(entry.value()))
            }),
            Self::Slice(entries) => entries.next().cloned(),
        }
    }
}
