//! Values of the configuration as JSON and as fields of a form.

use headwater_core::config::{Node, OrderedMap, Value};
use serde_json::{Map, Value as Json};

/// The claims of an assertion.
pub(crate) fn claims(map: &OrderedMap<Node>) -> Map<String, Json> {
    map.iter()
        .map(|(name, node)| (name.to_owned(), json(node)))
        .collect()
}

/// The fields of a form; a list is a field that comes several times.
pub(crate) fn fields(map: &OrderedMap<Node>) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    for (name, node) in map.iter() {
        match &node.value {
            Value::Seq(values) => {
                let values = values.iter().map(|value| (name.to_owned(), text(value)));
                fields.extend(values);
            }
            _ => fields.push((name.to_owned(), text(node))),
        }
    }
    fields
}

fn json(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::from(*value),
        Value::Int(value) => Json::from(*value),
        Value::UInt(value) => Json::from(*value),
        Value::Float(value) => Json::from(*value),
        Value::String(value) => Json::from(value.as_str()),
        Value::Seq(values) => values.iter().map(json).collect(),
        Value::Map(map) => map
            .iter()
            .map(|(key, node)| (key.name.clone(), json(node)))
            .collect(),
    }
}

fn text(node: &Node) -> String {
    if let Some(expanded) = &node.expanded {
        return expanded.to_string();
    }
    match json(node) {
        Json::Null => String::new(),
        Json::String(text) => text,
        other => other.to_string(),
    }
}
