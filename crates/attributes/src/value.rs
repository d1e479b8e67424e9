//! Values of the configuration as attribute values.

use headwater_core::config::{Node, Value};
use headwater_core::pdata::edit::EncodedValue;

/// The attribute value that a configuration value stands for, of the type that YAML gives it:
/// `1` is an int, `1.0` a double, `'1'` a string; lists and maps are possible.
#[must_use]
pub fn encode(node: &Node) -> EncodedValue {
    match &node.value {
        Value::Null => EncodedValue::default(),
        Value::Bool(value) => EncodedValue::new(value),
        Value::Int(value) => EncodedValue::new(value),
        // Upstream, too, lets it wrap around.
        Value::UInt(value) => EncodedValue::new(&(*value as i64)),
        Value::Float(value) => EncodedValue::new(value),
        Value::String(value) => EncodedValue::new(value.as_str()),
        Value::Seq(items) => {
            let items: Vec<_> = items.iter().map(encode).collect();
            EncodedValue::array(&items)
        }
        Value::Map(map) => {
            let entries: Vec<_> = map
                .into_iter()
                .map(|(key, value)| (key.name.as_str(), encode(value)))
                .collect();
            EncodedValue::map(entries.iter().map(|(key, value)| (*key, value)))
        }
    }
}
