//! `ParseXML` and `ParseSimplifiedXML`.

mod read;

use std::borrow::Cow;

use read::Element;

use super::Arguments;
use crate::error::EvalError;
use crate::value::{List, Map, Value};

type Result<'a> = std::result::Result<Value<'a>, EvalError>;

fn root(arguments: &Arguments<'_, '_>) -> std::result::Result<Element, EvalError> {
    read::document(&arguments.text(0)?)
        .map_err(|reason| EvalError::new(format!("unmarshal xml: {reason}")))
}

fn text<'a>(text: String) -> Value<'a> {
    Value::text(text.into_bytes())
}

fn map<'a>(entries: impl Iterator<Item = (String, Value<'a>)>) -> Value<'a> {
    let entries = entries.map(|(name, value)| (Cow::Owned(name.into_bytes()), value));
    Value::Map(Map::Owned(entries.collect()))
}

/// Elements with their tag, attributes, text and children, as far as they have them.
pub(super) fn parse<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    root(arguments).map(whole)
}

fn whole<'a>(element: Element) -> Value<'a> {
    let mut parts = vec![("tag".to_owned(), text(element.name))];
    if !element.attributes.is_empty() {
        let attributes = element.attributes.into_iter();
        let attributes = map(attributes.map(|(name, value)| (name, text(value))));
        parts.push(("attributes".to_owned(), attributes));
    }
    if !element.text.is_empty() {
        parts.push(("content".to_owned(), text(element.text)));
    }
    if !element.children.is_empty() {
        let children = element.children.into_iter().map(whole).collect();
        parts.push(("children".to_owned(), Value::List(List::Owned(children))));
    }
    map(parts.into_iter())
}

/// Elements as names with values: attributes, and text beside elements, are left out.
pub(super) fn parse_simplified<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let root = root(arguments)?;
    Ok(simple_map(vec![root]).unwrap_or_else(|| map(std::iter::empty())))
}

fn simple<'a>(element: Element) -> Option<Value<'a>> {
    if element.children.is_empty() {
        return (!element.text.is_empty()).then(|| text(element.text));
    }
    simple_map(element.children)
}

/// What has nothing in it is left out, and yet makes a list of its siblings of the same name.
fn simple_map<'a>(elements: Vec<Element>) -> Option<Value<'a>> {
    let mut places = std::collections::HashMap::<String, usize>::new();
    let mut found: Vec<(String, usize, Vec<Value<'a>>)> = Vec::new();
    for element in elements {
        let place = *places.entry(element.name.clone()).or_insert(found.len());
        if place == found.len() {
            found.push((element.name.clone(), 0, Vec::new()));
        }
        let (_, count, values) = &mut found[place];
        *count += 1;
        values.extend(simple(element));
    }
    let mut entries = Vec::new();
    for (name, count, mut values) in found {
        match (count, values.pop()) {
            (_, None) => {}
            (1, Some(only)) => entries.push((name, only)),
            (_, Some(last)) => {
                values.push(last);
                entries.push((name, Value::List(List::Owned(values))));
            }
        }
    }
    (!entries.is_empty()).then(|| map(entries.into_iter()))
}
