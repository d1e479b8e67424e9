//! Operators that move, set and remove what an entry holds.

use std::borrow::Cow;

use headwater_regexp::Regex;

use crate::expr::Expr;
use crate::field::Root;
use crate::operator::parser::{TraceParser, set_scope_name};
use crate::operator::{Failure, Transform, quoted};
use crate::program::Scratch;
use crate::severity::SeverityParser;
use crate::time::TimeParser;
use crate::{Entry, Field, Map, Value};

/// `add`: sets a field to a constant or to what an expression gives.
#[derive(Debug)]
pub(crate) struct Add {
    pub(crate) field: Field,
    pub(crate) value: AddValue,
}

#[derive(Debug)]
pub(crate) enum AddValue {
    Constant(Value<'static>),
    Expr(Expr),
}

impl Transform for Add {
    fn apply<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Scratch) -> Result<(), Failure> {
        let value = match &self.value {
            AddValue::Constant(value) => value.borrowed(),
            AddValue::Expr(expr) => expr.eval(entry)?.into_owned().into_owned(),
        };
        self.field.set(entry, value)
    }
}

/// `copy`.
#[derive(Debug)]
pub(crate) struct Copy {
    pub(crate) from: Field,
    pub(crate) to: Field,
}

impl Transform for Copy {
    fn apply<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Scratch) -> Result<(), Failure> {
        let value = self.from.copy(entry).ok_or_else(|| {
            Failure::from(format!(
                "copy: from field does not exist in this entry: {}",
                self.from
            ))
        })?;
        self.to.set(entry, value)
    }
}

/// `move`.
#[derive(Debug)]
pub(crate) struct Move {
    pub(crate) from: Field,
    pub(crate) to: Field,
}

impl Transform for Move {
    fn apply<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Scratch) -> Result<(), Failure> {
        let value = self
            .from
            .take(entry)
            .ok_or_else(|| Failure::from(format!("move: field does not exist: {}", self.from)))?;
        self.to.set(entry, value)
    }
}

/// `remove`.
#[derive(Debug)]
pub(crate) struct Remove {
    pub(crate) field: Field,
}

impl Transform for Remove {
    fn apply<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Scratch) -> Result<(), Failure> {
        match self.field.take(entry) {
            Some(_) => Ok(()),
            None => Err(Failure::from(format!(
                "remove: field does not exist: {}",
                self.field
            ))),
        }
    }
}

/// `retain`: prunes the roots that are named.
#[derive(Debug)]
pub(crate) struct Retain {
    pub(crate) fields: Vec<Field>,
}

impl Transform for Retain {
    fn apply<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Scratch) -> Result<(), Failure> {
        let names = |root| self.fields.iter().any(|field| field.root() == root);
        let mut old = Entry::default();
        if names(Root::Body) {
            old.body = std::mem::take(&mut entry.body);
        }
        if names(Root::Attributes) {
            old.attributes = std::mem::take(&mut entry.attributes);
        }
        if names(Root::Resource) {
            old.resource = std::mem::take(&mut entry.resource);
        }
        for field in &self.fields {
            if let Some(value) = field.copy(&old) {
                field.set(entry, value)?;
            }
        }
        Ok(())
    }
}

/// `flatten`: lifts what a map holds one level.
#[derive(Debug)]
pub(crate) struct Flatten {
    pub(crate) field: Field,
    /// The field that holds the map.
    pub(crate) parent: Field,
}

impl Transform for Flatten {
    fn apply<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Scratch) -> Result<(), Failure> {
        match self.field.get(entry) {
            Some(Value::Map(_)) => {}
            Some(_) => {
                return Err(Failure::from(format!(
                    "apply flatten: field {} is not a map",
                    self.field
                )));
            }
            None => {
                return Err(Failure::from(format!(
                    "apply flatten: field {} does not exist",
                    self.field
                )));
            }
        }
        match self.field.take(entry) {
            Some(value) => self.parent.set(entry, value),
            None => Ok(()),
        }
    }
}

/// `assign_keys`: makes a map of a list.
#[derive(Debug)]
pub(crate) struct AssignKeys {
    pub(crate) field: Field,
    pub(crate) keys: Vec<String>,
}

impl Transform for AssignKeys {
    fn apply<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Scratch) -> Result<(), Failure> {
        let value = self.field.get_mut(entry).ok_or_else(|| {
            Failure::from(format!("assign_keys: field {} does not exist", self.field))
        })?;
        let Value::List(list) = value else {
            return Err(Failure::from(format!(
                "assign_keys: field {} is not a list",
                self.field
            )));
        };
        if list.len() != self.keys.len() {
            return Err(Failure::from(format!(
                "assign_keys: the number of values {} does not equal the number of keys {}",
                list.len(),
                self.keys.len()
            )));
        }
        let values = std::mem::take(list).into_iter();
        let mut map = Map::new();
        for (key, item) in self.keys.iter().zip(values) {
            map.insert(key.as_str(), item);
        }
        *value = Value::Map(map);
        Ok(())
    }
}

/// The text in a field, for operators that replace it.
fn text_in<'e, 'a>(field: &Field, entry: &'e Entry<'a>) -> Result<&'e Cow<'a, str>, Failure> {
    match field.get(entry) {
        Some(Value::Str(text)) => Ok(text),
        Some(other) => Err(Failure::from(format!(
            "{field} is {}, no string",
            other.kind()
        ))),
        None => Err(Failure::from(format!("field does not exist: {field}"))),
    }
}

/// `unquote`.
#[derive(Debug)]
pub(crate) struct Unquote {
    pub(crate) field: Field,
}

impl Transform for Unquote {
    fn apply<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Scratch) -> Result<(), Failure> {
        let text = match text_in(&self.field, entry)? {
            Cow::Borrowed(text) => quoted::unquote(text)?,
            Cow::Owned(text) => Cow::Owned(quoted::unquote(text)?.into_owned()),
        };
        self.field.set(entry, Value::Str(text))
    }
}

/// `regex_replace`.
#[derive(Debug)]
pub(crate) struct RegexReplace {
    pub(crate) field: Field,
    pub(crate) regex: Regex,
    pub(crate) replace_with: String,
}

impl Transform for RegexReplace {
    fn apply<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Scratch) -> Result<(), Failure> {
        let text = text_in(&self.field, entry)?;
        let replaced = match self
            .regex
            .replace_all(text.as_bytes(), self.replace_with.as_bytes())
        {
            // Nothing to replace: the text stays a slice of the line.
            Cow::Borrowed(_) => return Ok(()),
            Cow::Owned(replaced) => replaced,
        };
        let replaced = String::from_utf8(replaced)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        self.field.set(entry, Value::from(replaced))
    }
}

/// `sanitize_utf8`: bytes become text.
#[derive(Debug)]
pub(crate) struct SanitizeUtf8 {
    pub(crate) field: Field,
}

impl Transform for SanitizeUtf8 {
    fn apply<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Scratch) -> Result<(), Failure> {
        let clean = match self.field.get(entry) {
            Some(Value::Bytes(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
            Some(Value::Str(_)) => return Ok(()),
            Some(other) => {
                let kind = other.kind();
                return Err(Failure::from(format!(
                    "{} is {kind}, no string",
                    self.field
                )));
            }
            None => {
                return Err(Failure::from(format!(
                    "field does not exist: {}",
                    self.field
                )));
            }
        };
        self.field.set(entry, Value::from(clean))
    }
}

impl Transform for TimeParser {
    fn apply<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Scratch) -> Result<(), Failure> {
        Self::apply(self, entry)
    }
}

impl Transform for SeverityParser {
    fn apply<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Scratch) -> Result<(), Failure> {
        Self::apply(self, entry)
    }
}

impl Transform for TraceParser {
    fn apply<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Scratch) -> Result<(), Failure> {
        Self::apply(self, entry)
    }
}

/// `scope_name_parser`.
#[derive(Debug)]
pub(crate) struct ScopeName {
    pub(crate) parse_from: Field,
}

impl Transform for ScopeName {
    fn apply<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Scratch) -> Result<(), Failure> {
        set_scope_name(&self.parse_from, entry)
    }
}
