//! What a configuration looks like: from it come the tables of keys in the READMEs.

use super::fields::Alias;
use super::{Node, Value};

/// What a key accepts.
#[derive(Debug, Clone, PartialEq)]
pub enum Schema {
    /// Anything.
    Any,
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// Text.
    String,
    /// Text that is never shown.
    Secret,
    /// A duration such as `1m30s`, or a number of nanoseconds.
    Duration,
    /// One of some words.
    Choice(Vec<&'static str>),
    /// A list.
    List(Box<Self>),
    /// A map with keys of the user's choice.
    Map(Box<Self>),
    /// A section that can be absent or switched off.
    Optional(Box<Self>),
    /// A map with known keys.
    Section(Section),
}

/// A map with known keys.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// The name of the struct.
    pub name: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// Its keys.
    pub fields: Vec<Field>,
}

/// A key of a section.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The key.
    pub key: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// What it accepts.
    pub schema: Schema,
    /// Its default.
    pub default: Node,
    /// Other spellings.
    pub aliases: &'static [Alias],
    /// Why it has no effect, if it has none.
    pub ignored: Option<&'static str>,
}

/// One row of a table of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The path of the key, joined by `.`; `[]` stands for an item of a list, `<name>` for a
    /// key of the user's choice.
    pub key: String,
    /// What it accepts.
    pub kind: String,
    /// Its default in YAML; empty for a section.
    pub default: String,
    /// What it does, as one line.
    pub doc: String,
}

impl Schema {
    /// What a user calls it.
    #[must_use]
    pub fn kind(&self) -> String {
        match self {
            Self::Any => "any".to_owned(),
            Self::Bool => "bool".to_owned(),
            Self::Integer => "integer".to_owned(),
            Self::Number => "number".to_owned(),
            Self::String => "string".to_owned(),
            Self::Secret => "secret".to_owned(),
            Self::Duration => "duration".to_owned(),
            Self::Choice(words) => {
                let words: Vec<_> = words
                    .iter()
                    .map(|word| if word.is_empty() { "\"\"" } else { word })
                    .collect();
                words.join(" \\| ")
            }
            Self::List(item) => format!("list of {}", item.kind()),
            Self::Map(value) => format!("map of {}", value.kind()),
            Self::Optional(inner) => format!("optional {}", inner.kind()),
            Self::Section(_) => "section".to_owned(),
        }
    }

    /// Every key with its type, default and doc text, sections before their keys.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        self.collect("", &mut rows);
        rows
    }

    fn collect(&self, prefix: &str, rows: &mut Vec<Row>) {
        match self {
            Self::Section(section) => {
                for field in &section.fields {
                    field.collect(prefix, rows);
                }
            }
            Self::List(item) => item.collect(&format!("{prefix}[]"), rows),
            Self::Map(value) => value.collect(&join(prefix, "<name>"), rows),
            Self::Optional(inner) => inner.collect(prefix, rows),
            _ => {}
        }
    }

    /// Whether keys of their own stand below.
    fn has_keys(&self) -> bool {
        match self {
            Self::Section(_) => true,
            Self::List(inner) | Self::Map(inner) | Self::Optional(inner) => inner.has_keys(),
            _ => false,
        }
    }
}

impl Field {
    fn collect(&self, prefix: &str, rows: &mut Vec<Row>) {
        let key = join(prefix, self.key);
        let mut doc = self.doc.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some(why) = self.ignored {
            let space = if doc.is_empty() { "" } else { " " };
            doc.push_str(space);
            doc.push_str("Accepted without effect: ");
            doc.push_str(why);
            doc.push('.');
        }
        let default = match (&self.schema, &self.default.value) {
            (Schema::Optional(_), Value::Null) => "off".to_owned(),
            (schema, _) if schema.has_keys() => match &self.default.value {
                Value::Seq(items) if !items.is_empty() => self.default.to_string(),
                _ => String::new(),
            },
            (_, Value::Null) => String::new(),
            _ => self.default.to_string(),
        };
        rows.push(Row {
            key: key.clone(),
            kind: self.schema.kind(),
            default,
            doc,
        });
        self.schema.collect(&key, rows);
    }
}

fn join(prefix: &str, key: &str) -> String {
    if prefix.is_empty() {
        key.to_owned()
    } else {
        format!("{prefix}.{key}")
    }
}
