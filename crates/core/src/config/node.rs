//! The configuration as a tree of values that know where they came from.

use std::fmt;

use super::Origin;

/// One value of the configuration and its origin.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it came from.
    pub origin: Origin,
    /// The text that a `${…}` expanded to, before it was read as YAML. Set on values that are
    /// the result of an expansion and on nothing else: a string takes this text, anything else
    /// takes `value`.
    pub expanded: Option<Box<str>>,
}

/// A value as YAML or TOML has it.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Value {
    /// Nothing: `key:`, `null` or `~`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number above `i64::MAX`.
    UInt(u64),
    /// A number with a fraction, or `.inf`, `.nan`.
    Float(f64),
    /// Text; timestamps are text as well.
    String(String),
    /// A list.
    Seq(Vec<Node>),
    /// A map.
    Map(Map),
}

/// A key of a map and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// The key.
    pub name: String,
    /// Where it was written.
    pub origin: Origin,
}

/// A map that keeps the order in which its keys were written. Looks keys up one by one: maps in
/// a configuration are short.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Map {
    entries: Vec<(Key, Node)>,
}

impl Node {
    /// A value with its origin.
    #[must_use]
    pub const fn new(value: Value, origin: Origin) -> Self {
        Self {
            value,
            origin,
            expanded: None,
        }
    }

    /// Nothing, from `origin`.
    #[must_use]
    pub const fn null(origin: Origin) -> Self {
        Self::new(Value::Null, origin)
    }

    /// Whether this is the result of a `${…}`.
    #[must_use]
    pub const fn is_expanded(&self) -> bool {
        self.expanded.is_some()
    }

    /// Whether the value is null.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// The text of a string value, or of anything that came out of an expansion.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match (&self.expanded, &self.value) {
            (Some(text), _) => Some(text),
            (None, Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// The map, if it is one.
    #[must_use]
    pub const fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The list, if it is one.
    #[must_use]
    pub fn as_seq(&self) -> Option<&[Self]> {
        match &self.value {
            Value::Seq(items) => Some(items),
            _ => None,
        }
    }

    /// The value under a path of keys and list indices joined by `::`; the empty path is the
    /// node itself.
    #[must_use]
    pub fn lookup(&self, path: &str) -> Option<&Self> {
        let mut node = self;
        for segment in path.split("::").filter(|segment| !segment.is_empty()) {
            node = match &node.value {
                Value::Map(map) => map.get(segment)?,
                Value::Seq(items) => items.get(segment.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(node)
    }

    /// The value for a message: its kind and, where that cannot leak anything, the value.
    /// Values of environment variables are not quoted.
    #[must_use]
    pub fn shown(&self) -> String {
        let kind = self.value.kind();
        if self.origin.is_env() {
            return format!("{kind} from the environment");
        }
        match &self.value {
            Value::Bool(value) => format!("{kind} `{value}`"),
            Value::Int(value) => format!("{kind} `{value}`"),
            Value::UInt(value) => format!("{kind} `{value}`"),
            Value::Float(value) => format!("{kind} `{value}`"),
            Value::String(text) => match text.char_indices().nth(40) {
                Some((end, _)) => format!("{kind} `{}…`", text[..end].escape_debug()),
                None => format!("{kind} `{}`", text.escape_debug()),
            },
            Value::Null | Value::Seq(_) | Value::Map(_) => kind.to_owned(),
        }
    }
}

impl Value {
    /// What a user calls this kind of value.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Int(_) | Self::UInt(_) => "integer",
            Self::Float(_) => "number",
            Self::String(_) => "string",
            Self::Seq(_) => "list",
            Self::Map(_) => "map",
        }
    }
}

impl Key {
    /// A key with its origin.
    pub fn new(name: impl Into<String>, origin: Origin) -> Self {
        Self {
            name: name.into(),
            origin,
        }
    }
}

impl Map {
    /// An empty map.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            entries: Vec::new(),
        }
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.entry(name).map(|(_, node)| node)
    }

    /// A key, with its origin, and its value.
    #[must_use]
    pub fn entry(&self, name: &str) -> Option<&(Key, Node)> {
        self.entries.iter().find(|(key, _)| key.name == name)
    }

    /// The value of a key, to change it.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Node> {
        self.entries
            .iter_mut()
            .find(|(key, _)| key.name == name)
            .map(|(_, node)| node)
    }

    /// Sets a key; a key that exists keeps its place, and takes the new key's origin.
    pub fn insert(&mut self, key: Key, node: Node) {
        match self
            .entries
            .iter_mut()
            .find(|(known, _)| known.name == key.name)
        {
            Some(entry) => *entry = (key, node),
            None => self.entries.push((key, node)),
        }
    }

    /// Takes a key out.
    pub fn remove(&mut self, name: &str) -> Option<(Key, Node)> {
        let index = self.entries.iter().position(|(key, _)| key.name == name)?;
        Some(self.entries.remove(index))
    }

    /// The entries in the order in which they were written.
    pub fn iter(&self) -> std::slice::Iter<'_, (Key, Node)> {
        self.entries.iter()
    }

    /// The entries, to change their values.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, (Key, Node)> {
        self.entries.iter_mut()
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = &'a (Key, Node);
    type IntoIter = std::slice::Iter<'a, (Key, Node)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Map {
    type Item = (Key, Node);
    type IntoIter = std::vec::IntoIter<(Key, Node)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl FromIterator<(Key, Node)> for Map {
    fn from_iter<T: IntoIterator<Item = (Key, Node)>>(entries: T) -> Self {
        let mut map = Self::new();
        for (key, node) in entries {
            map.insert(key, node);
        }
        map
    }
}

/// Compact YAML flow style, as the default of a key is shown in tables.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Int(value) => write!(f, "{value}"),
            Value::UInt(value) => write!(f, "{value}"),
            Value::Float(value) => write!(f, "{value}"),
            Value::String(text) if text.is_empty() => f.write_str("\"\""),
            Value::String(text) => f.write_str(text),
            Value::Seq(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{item}")?;
                }
                f.write_str("]")
            }
            Value::Map(map) => {
                f.write_str("{")?;
                for (index, (key, node)) in map.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{}: {node}", key.name)?;
                }
                f.write_str("}")
            }
        }
    }
}

impl From<bool> for Node {
    fn from(value: bool) -> Self {
        Self::new(Value::Bool(value), Origin::Default)
    }
}

impl From<i64> for Node {
    fn from(value: i64) -> Self {
        Self::new(Value::Int(value), Origin::Default)
    }
}

impl From<u64> for Node {
    fn from(value: u64) -> Self {
        let value = i64::try_from(value).map_or(Value::UInt(value), Value::Int);
        Self::new(value, Origin::Default)
    }
}

impl From<f64> for Node {
    fn from(value: f64) -> Self {
        Self::new(Value::Float(value), Origin::Default)
    }
}

impl From<&str> for Node {
    fn from(value: &str) -> Self {
        Self::new(Value::String(value.to_owned()), Origin::Default)
    }
}

impl From<String> for Node {
    fn from(value: String) -> Self {
        Self::new(Value::String(value), Origin::Default)
    }
}

impl From<Vec<Self>> for Node {
    fn from(items: Vec<Self>) -> Self {
        Self::new(Value::Seq(items), Origin::Default)
    }
}

impl From<Map> for Node {
    fn from(map: Map) -> Self {
        Self::new(Value::Map(map), Origin::Default)
    }
}
