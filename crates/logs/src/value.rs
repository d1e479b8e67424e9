//! Values of bodies and attributes: slices of the line they came from wherever that is possible.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;

/// From how many entries on a map is indexed while others are merged into it: below, looking
/// through the list is faster.
const INDEXED: usize = 32;

/// Text that is a slice of the line, of the configuration, or of its own.
pub type Str<'a> = Cow<'a, str>;

/// A body, or the value of an attribute.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value<'a> {
    /// Nothing.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// Text.
    Str(Str<'a>),
    /// Bytes that are no text.
    Bytes(Cow<'a, [u8]>),
    /// A list.
    List(Vec<Value<'a>>),
    /// A map.
    Map(Map<'a>),
}

impl<'a> Value<'a> {
    /// The text, if it is text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a string, or of bytes that are UTF-8.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            Self::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// The map, if it is one.
    #[must_use]
    pub const fn as_map(&self) -> Option<&Map<'a>> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// What a user calls this kind of value.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nil",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Str(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "array",
            Self::Map(_) => "map",
        }
    }

    /// The same value, independent of the line.
    #[must_use]
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Int(value),
            Self::Float(value) => Value::Float(value),
            Self::Str(text) => Value::Str(Cow::Owned(text.into_owned())),
            Self::Bytes(bytes) => Value::Bytes(Cow::Owned(bytes.into_owned())),
            Self::List(list) => Value::List(list.into_iter().map(Value::into_owned).collect()),
            Self::Map(map) => Value::Map(map.into_owned()),
        }
    }

    /// The same value as slices of this one; lists and maps are built anew.
    #[must_use]
    pub fn borrowed(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::Int(*value),
            Self::Float(value) => Value::Float(*value),
            Self::Str(text) => Value::Str(Cow::Borrowed(text)),
            Self::Bytes(bytes) => Value::Bytes(Cow::Borrowed(bytes)),
            Self::List(list) => Value::List(list.iter().map(Value::borrowed).collect()),
            Self::Map(map) => Value::Map(
                map.iter()
                    .map(|(key, value)| (Cow::Borrowed(key), value.borrowed()))
                    .collect(),
            ),
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Str(Cow::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Str(Cow::Owned(text))
    }
}

/// As Go's `fmt` prints it with `%v`.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("<nil>"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => f.write_str(&format_float(*value)),
            Self::Str(text) => f.write_str(text),
            Self::Bytes(bytes) => f.write_str(&String::from_utf8_lossy(bytes)),
            Self::List(list) => {
                f.write_str("[")?;
                for (index, value) in list.iter().enumerate() {
                    write!(f, "{}{value}", if index == 0 { "" } else { " " })?;
                }
                f.write_str("]")
            }
            Self::Map(map) => {
                f.write_str("map[")?;
                for (index, (key, value)) in map.iter().enumerate() {
                    write!(f, "{}{key}:{value}", if index == 0 { "" } else { " " })?;
                }
                f.write_str("]")
            }
        }
    }
}

/// A float as Go's `%v` prints it: the shortest digits, with an exponent below 1e-4 and from
/// 1e21 on.
fn format_float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-4..1e21).contains(&magnitude) {
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = match exponent.strip_prefix('-') {
            Some(exponent) => ('-', exponent),
            None => ('+', exponent),
        };
        return format!("{digits}e{sign}{exponent:0>2}");
    }
    format!("{value}")
}

/// A map that keeps the order in which its keys were set.
#[derive(Clone, PartialEq, Default)]
pub struct Map<'a> {
    entries: Vec<(Str<'a>, Value<'a>)>,
}

impl<'a> Map<'a> {
    /// An empty map; allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            entries: Vec::new(),
        }
    }

    /// How many keys there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        let found = self.entries.iter().find(|(known, _)| *known == key);
        found.map(|(_, value)| value)
    }

    /// The value of a key, to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value<'a>> {
        let found = self.entries.iter_mut().find(|(known, _)| *known == key);
        found.map(|(_, value)| value)
    }

    /// Sets a key; a key that exists keeps its place.
    pub fn insert(&mut self, key: impl Into<Str<'a>>, value: impl Into<Value<'a>>) {
        let (key, value) = (key.into(), value.into());
        match self.get_mut(&key) {
            Some(old) => *old = value,
            None => self.entries.push((key, value)),
        }
    }

    /// Appends a key that is known not to be there.
    pub fn push(&mut self, key: impl Into<Str<'a>>, value: impl Into<Value<'a>>) {
        self.entries.push((key.into(), value.into()));
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: &str) -> Option<Value<'a>> {
        let index = self.entries.iter().position(|(known, _)| *known == key)?;
        Some(self.entries.remove(index).1)
    }

    /// Removes everything and keeps the room for it.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// Keeps the keys for which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.entries.retain(|(key, _)| keep(key));
    }

    /// The value at an index below [`Map::len`].
    pub(crate) fn value_at(&mut self, index: usize) -> &mut Value<'a> {
        &mut self.entries[index].1
    }

    /// The entries in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value<'a>)> {
        self.entries.iter().map(|(key, value)| (&**key, value))
    }

    /// Sets every key of `other`. Takes time linear in both.
    pub fn merge(&mut self, other: Self) {
        if self.entries.is_empty() {
            self.entries = other.entries;
            return;
        }
        let known = self.entries.len();
        if known < INDEXED || other.len() < INDEXED {
            // The keys of a map differ, so only those that were here before can be met.
            for (key, value) in other.entries {
                match self.entries[..known].iter_mut().find(|(k, _)| *k == key) {
                    Some((_, old)) => *old = value,
                    None => self.entries.push((key, value)),
                }
            }
            return;
        }
        let index: HashMap<String, usize> = (0..known)
            .map(|at| (self.entries[at].0.clone().into_owned(), at))
            .collect();
        for (key, value) in other.entries {
            match index.get(&*key) {
                Some(at) => self.entries[*at].1 = value,
                None => self.entries.push((key, value)),
            }
        }
    }

    /// The same map, independent of the line.
    #[must_use]
    pub fn into_owned(self) -> Map<'static> {
        let entries = self.entries.into_iter();
        Map {
            entries: entries
                .map(|(key, value)| (Cow::Owned(key.into_owned()), value.into_owned()))
                .collect(),
        }
    }

    /// A map of entries in which a key may come again; the last one counts. Takes linear time.
    #[must_use]
    pub fn from_entries(mut entries: Vec<(Str<'a>, Value<'a>)>) -> Self {
        if entries.len() < INDEXED {
            let mut map = Self {
                entries: Vec::with_capacity(entries.len()),
            };
            for (key, value) in entries {
                map.insert(key, value);
            }
            return map;
        }
        let mut seen = HashSet::with_capacity(entries.len());
        let mut keep: Vec<bool> = entries
            .iter()
            .rev()
            .map(|(key, _)| seen.insert(key.clone()))
            .collect();
        drop(seen);
        entries.retain(|_| keep.pop().unwrap_or(true));
        Self { entries }
    }
}

impl<'a> FromIterator<(Str<'a>, Value<'a>)> for Map<'a> {
    /// The keys must differ.
    fn from_iter<I: IntoIterator<Item = (Str<'a>, Value<'a>)>>(entries: I) -> Self {
        Self {
            entries: entries.into_iter().collect(),
        }
    }
}

impl<'a> IntoIterator for Map<'a> {
    type Item = (Str<'a>, Value<'a>);
    type IntoIter = std::vec::IntoIter<(Str<'a>, Value<'a>)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl fmt::Debug for Map<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(range: std::ops::Range<i64>, step: i64) -> Map<'static> {
        range
            .map(|n| (Cow::Owned(format!("k{n}")), Value::Int(n * step)))
            .collect()
    }

    #[test]
    fn merging_overwrites_in_place_and_appends_the_rest_at_any_size() {
        for size in [3, 200] {
            let mut map = numbered(0..size, 1);
            map.merge(numbered(size / 2..size * 2, 10));
            let expected: Vec<_> = (0..size * 2)
                .map(|n| (format!("k{n}"), if n < size / 2 { n } else { n * 10 }))
                .collect();
            let found: Vec<_> = map
                .iter()
                .map(|(key, value)| (key.to_owned(), value.clone()))
                .collect();
            let expected: Vec<_> = expected
                .into_iter()
                .map(|(key, n)| (key, Value::Int(n)))
                .collect();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn the_last_of_repeated_keys_counts_at_any_size() {
        for size in [4_i64, 100] {
            let twice = (0..size * 2)
                .map(|n| (Cow::Owned(format!("k{}", n % size)), Value::Int(n)))
                .collect();
            let map = Map::from_entries(twice);
            assert_eq!(map.len(), size as usize);
            assert_eq!(map.get("k1"), Some(&Value::Int(size + 1)));
        }
    }

    #[test]
    fn floats_print_as_go_prints_them() {
        let printed = [1.0, 0.5, 1e21, 1.5e-7, -2.25, 123456789.0].map(format_float);
        assert_eq!(
            printed,
            ["1", "0.5", "1e+21", "1.5e-07", "-2.25", "123456789"]
        );
    }
}
