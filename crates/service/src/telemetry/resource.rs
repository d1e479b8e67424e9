//! `service::telemetry::resource`: what identifies this process.

use std::collections::BTreeMap;

use headwater_core::BuildInfo;
use headwater_core::config::{Config, Node, OrderedMap, Validation, Value};

/// The section `resource`: attributes as a list, or names and values directly, as it was.
#[derive(Debug, Clone, Default, Config)]
#[config(validate = Self::check)]
#[config(removed_error(
    key = "attributes_list",
    help = "write `attributes`, a list of `{name, value}`"
))]
pub struct ResourceConfig {
    /// Attributes to add or replace.
    pub attributes: Vec<ResourceAttribute>,
    /// The schema of the attributes.
    #[config(ignored = "own telemetry carries no schema")]
    pub schema_url: Option<String>,
    /// Which detectors to ask.
    #[config(rename = "detection/development")]
    #[config(ignored = "nothing is detected")]
    pub detection: Option<Node>,
    /// Names and values; null removes a default.
    #[config(rest)]
    pub legacy: OrderedMap<Node>,
}

/// An attribute of the resource.
#[derive(Debug, Clone, Default, Config)]
#[config(validate = Self::check)]
pub struct ResourceAttribute {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Node,
    /// What the value is.
    #[config(rename = "type")]
    #[config(ignored = "own telemetry shows every value as text")]
    pub kind: AttributeType,
}

/// What the value of an attribute is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub enum AttributeType {
    /// Text.
    #[default]
    #[config(alias = "")]
    String,
    /// A boolean.
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Double,
    /// A list of texts.
    StringArray,
    /// A list of booleans.
    BoolArray,
    /// A list of whole numbers.
    IntArray,
    /// A list of numbers.
    DoubleArray,
}

impl ResourceAttribute {
    fn check(&self, validation: &mut Validation<'_>) {
        if self.name.is_empty() {
            validation.error("name", "an attribute needs a name");
        }
    }
}

impl ResourceConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        for (name, node) in self.legacy.iter() {
            if matches!(node.value, Value::Map(_) | Value::Seq(_)) {
                validation.error(name, "an attribute is a string, or null to remove it");
            }
        }
        if self.legacy.iter().next().is_none() {
            return;
        }
        if self.attributes.is_empty() {
            validation
                .warning(
                    "",
                    "names and values directly below `resource` are deprecated",
                )
                .help("write `attributes: [{name: …, value: …}]`");
        } else {
            validation.error(
                "",
                "resource::attributes cannot be used together with names and values below `resource`",
            );
        }
    }

    /// The attributes of this process, ordered by name.
    pub(crate) fn attributes(&self, build: &BuildInfo, instance: &str) -> Vec<(String, String)> {
        let mut attributes: BTreeMap<String, String> = [
            ("service.instance.id", instance),
            ("service.name", &build.command),
            ("service.version", &build.version),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        for (name, node) in self.legacy.iter() {
            match text(node) {
                Some(text) => attributes.insert(name.to_owned(), text),
                None => attributes.remove(name),
            };
        }
        for attribute in &self.attributes {
            if let Some(text) = text(&attribute.value) {
                attributes.insert(attribute.name.clone(), text);
            }
        }
        attributes.into_iter().collect()
    }
}

fn text(node: &Node) -> Option<String> {
    match node.as_text() {
        Some(text) => Some(text.to_owned()),
        None if node.is_null() => None,
        None => Some(node.to_string()),
    }
}
