//! Fields: `body`, `body.a.b`, `attributes["k8s.pod.name"]`, `resource.host`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use headwater_core::config::{DecodeContext, EncodeContext, Node, Scalar, Schema, parse_text};

use crate::operator::Failure;
use crate::{Entry, Map, Value};

/// What a field begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// The body.
    Body,
    /// The attributes of the record.
    Attributes,
    /// The attributes of the resource.
    Resource,
}

/// A place in an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    root: Root,
    keys: Vec<String>,
}

impl Field {
    /// A field made of its root and the keys below.
    #[must_use]
    pub const fn new(root: Root, keys: Vec<String>) -> Self {
        Self { root, keys }
    }

    /// The body as a whole.
    #[must_use]
    pub const fn body() -> Self {
        Self::new(Root::Body, Vec::new())
    }

    /// All attributes.
    #[must_use]
    pub const fn attributes() -> Self {
        Self::new(Root::Attributes, Vec::new())
    }

    /// One attribute.
    #[must_use]
    pub fn attribute(key: &str) -> Self {
        Self::new(Root::Attributes, vec![key.to_owned()])
    }

    /// What it begins with.
    #[must_use]
    pub const fn root(&self) -> Root {
        self.root
    }

    /// The keys below the root.
    #[must_use]
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    fn map<'e, 'a>(&self, entry: &'e Entry<'a>) -> Option<&'e Map<'a>> {
        match self.root {
            Root::Body => entry.body.as_map(),
            Root::Attributes => Some(&entry.attributes),
            Root::Resource => Some(&entry.resource),
        }
    }

    /// The value, if there is one. All attributes and the whole resource are no value: see
    /// [`Field::whole`].
    #[must_use]
    pub fn get<'e, 'a>(&self, entry: &'e Entry<'a>) -> Option<&'e Value<'a>> {
        let Some((first, rest)) = self.keys.split_first() else {
            return (self.root == Root::Body && entry.body != Value::Null).then_some(&entry.body);
        };
        let mut value = self.map(entry)?.get(first)?;
        for key in rest {
            value = value.as_map()?.get(key)?;
        }
        Some(value)
    }

    /// All attributes, or the whole resource, where the field means that.
    #[must_use]
    pub fn whole<'e, 'a>(&self, entry: &'e Entry<'a>) -> Option<&'e Map<'a>> {
        match self.root {
            Root::Attributes if self.keys.is_empty() => Some(&entry.attributes),
            Root::Resource if self.keys.is_empty() => Some(&entry.resource),
            _ => None,
        }
    }

    /// A copy of the value, also of all attributes.
    #[must_use]
    pub fn copy<'a>(&self, entry: &Entry<'a>) -> Option<Value<'a>> {
        match self.whole(entry) {
            Some(map) => Some(Value::Map(map.clone())),
            None => self.get(entry).cloned(),
        }
    }

    /// Sets the value. A map is merged into a map that is there; a parent that is no map is
    /// replaced by one.
    ///
    /// # Errors
    /// [`Failure`] for anything but a map as all attributes, or as the whole resource.
    pub fn set<'a>(&'a self, entry: &mut Entry<'a>, value: Value<'a>) -> Result<(), Failure> {
        let root = match self.root {
            Root::Attributes => &mut entry.attributes,
            Root::Resource => &mut entry.resource,
            Root::Body => {
                if self.keys.is_empty() && !matches!(value, Value::Map(_)) {
                    entry.body = value;
                    return Ok(());
                }
                nested(&mut entry.body)
            }
        };
        let Some((last, parents)) = self.keys.split_last() else {
            return match value {
                Value::Map(map) => {
                    root.merge(map);
                    Ok(())
                }
                _ => Err(Failure::new(match self.root {
                    Root::Resource => "cannot set resource root",
                    _ => "cannot set attributes root",
                })),
            };
        };
        let mut map = root;
        for key in parents {
            map = child(map, key);
        }
        match value {
            Value::Map(value) => child(map, last).merge(value),
            value => map.insert(last.as_str(), value),
        }
        Ok(())
    }

    /// The value, to change it; `None` where [`Field::get`] gives none.
    pub fn get_mut<'e, 'a>(&self, entry: &'e mut Entry<'a>) -> Option<&'e mut Value<'a>> {
        let Some((first, rest)) = self.keys.split_first() else {
            return (self.root == Root::Body && entry.body != Value::Null)
                .then_some(&mut entry.body);
        };
        let map = match self.root {
            Root::Attributes => &mut entry.attributes,
            Root::Resource => &mut entry.resource,
            Root::Body => match &mut entry.body {
                Value::Map(map) => map,
                _ => return None,
            },
        };
        let mut value = map.get_mut(first)?;
        for key in rest {
            value = match value {
                Value::Map(map) => map.get_mut(key)?,
                _ => return None,
            };
        }
        Some(value)
    }

    /// Takes the value out; `None` if there is none.
    pub fn take<'a>(&self, entry: &mut Entry<'a>) -> Option<Value<'a>> {
        let Some((last, parents)) = self.keys.split_last() else {
            return match self.root {
                Root::Body => Some(std::mem::take(&mut entry.body)),
                Root::Attributes => Some(Value::Map(std::mem::take(&mut entry.attributes))),
                Root::Resource => Some(Value::Map(std::mem::take(&mut entry.resource))),
            };
        };
        let mut map = match self.root {
            Root::Attributes => &mut entry.attributes,
            Root::Resource => &mut entry.resource,
            Root::Body => match &mut entry.body {
                Value::Map(map) => map,
                _ => return None,
            },
        };
        for key in parents {
            map = match map.get_mut(key)? {
                Value::Map(map) => map,
                _ => return None,
            };
        }
        map.remove(last)
    }
}

/// The map that a value is; it becomes one if it is none.
fn nested<'m, 'a>(value: &'m mut Value<'a>) -> &'m mut Map<'a> {
    if !matches!(value, Value::Map(_)) {
        *value = Value::Map(Map::new());
    }
    match value {
        Value::Map(map) => map,
        _ => unreachable!("the value has just become a map"),
    }
}

fn child<'m, 'a>(map: &'m mut Map<'a>, key: &'a str) -> &'m mut Map<'a> {
    let found = map.iter().position(|(known, _)| known == key);
    let at = match found {
        Some(at) => at,
        None => {
            map.push(Cow::Borrowed(key), Value::Map(Map::new()));
            map.len() - 1
        }
    };
    nested(map.value_at(at))
}

/// Why a text is no field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// It begins with something else.
    #[error("unrecognized prefix: write `body`, `attributes` or `resource` before the name")]
    Prefix,
    /// Its brackets or quotes are not in order.
    #[error("{0}")]
    Syntax(&'static str),
}

impl FromStr for Field {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        let mut parts = split(text)?.into_iter();
        let root = match parts.next().as_deref() {
            Some("body") => Root::Body,
            Some("attributes") => Root::Attributes,
            Some("resource") => Root::Resource,
            _ => return Err(FieldError::Prefix),
        };
        Ok(Self::new(root, parts.collect()))
    }
}

/// Splits at dots and brackets.
fn split(text: &str) -> Result<Vec<String>, FieldError> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let quote = inner.chars().next().filter(|c| matches!(c, '"' | '\''));
            let quote = quote.ok_or(FieldError::Syntax("expected a quote after `[`"))?;
            let inner = &inner[1..];
            let end = inner
                .find(quote)
                .ok_or(FieldError::Syntax("found an unclosed quote"))?;
            parts.push(inner[..end].to_owned());
            rest = inner[end + 1..]
                .strip_prefix(']')
                .ok_or(FieldError::Syntax("found no closing bracket"))?;
            if let Some(after) = rest.strip_prefix('.') {
                if after.is_empty() {
                    return Err(FieldError::Syntax("ends with a dot"));
                }
                rest = after;
            } else if !rest.is_empty() && !rest.starts_with('[') {
                return Err(FieldError::Syntax("expected `.` or `[` after `]`"));
            }
            continue;
        }
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        if end == 0 {
            return Err(FieldError::Syntax("has an empty name"));
        }
        parts.push(rest[..end].to_owned());
        rest = match rest[end..].strip_prefix('.') {
            Some("") => return Err(FieldError::Syntax("ends with a dot")),
            Some(after) => after,
            None => &rest[end..],
        };
    }
    Ok(parts)
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.root {
            Root::Body => "body",
            Root::Attributes => "attributes",
            Root::Resource => "resource",
        })?;
        for key in &self.keys {
            if key.contains(['.', '[']) {
                write!(f, "[{key:?}]")?;
            } else {
                write!(f, ".{key}")?;
            }
        }
        Ok(())
    }
}

impl Scalar for Field {
    fn parse(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
        parse_text(node, cx, "a field")
    }

    fn write(&self, _: EncodeContext) -> Node {
        self.to_string().into()
    }

    fn schema() -> Schema {
        Schema::String
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(text: &str) -> Field {
        text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    #[test]
    fn dots_and_brackets_name_the_same_places() {
        assert_eq!(field("body"), Field::body());
        assert_eq!(field("body.a.b"), field("body['a'][\"b\"]"));
        assert_eq!(
            field("attributes[\"k8s.pod\"].x").keys(),
            ["k8s.pod".to_owned(), "x".to_owned()]
        );
        assert_eq!(field("resource['a.b']").to_string(), "resource[\"a.b\"]");
    }

    #[test]
    fn a_field_without_its_prefix_or_with_open_brackets_is_refused() {
        assert_eq!("message".parse::<Field>(), Err(FieldError::Prefix));
        assert_eq!("".parse::<Field>(), Err(FieldError::Prefix));
        for text in [
            "body[",
            "body['a'",
            "body['a",
            "body.",
            "body..a",
            "body['a']b",
        ] {
            assert!(text.parse::<Field>().is_err(), "{text}");
        }
    }

    #[test]
    fn setting_replaces_a_parent_that_is_no_map_and_merges_maps() {
        let (deep, all) = (field("body.a.b"), field("attributes"));
        let mut entry = Entry {
            body: "text".into(),
            ..Entry::default()
        };
        deep.set(&mut entry, Value::Int(1)).unwrap();
        assert_eq!(deep.get(&entry), Some(&Value::Int(1)));
        entry.attributes.insert("x", "1");
        let mut map = Map::new();
        map.insert("x", "2");
        map.insert("y", "3");
        all.set(&mut entry, Value::Map(map)).unwrap();
        assert_eq!(entry.attributes.len(), 2);
        assert_eq!(entry.attributes.get("x"), Some(&"2".into()));
        assert!(all.set(&mut entry, Value::Int(1)).is_err());
        assert_eq!(deep.take(&mut entry), Some(Value::Int(1)));
        assert_eq!(deep.take(&mut entry), None);
    }
}
