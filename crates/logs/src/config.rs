//! The `operators:` list, and fixed attributes, as keys of a configuration.

use std::fmt;
use std::sync::Arc;

use headwater_core::config::{
    Code, Config, DecodeContext, Diagnostics, EncodeContext, Node, Origin, Schema,
    Value as NodeValue, load,
};

use crate::operator::Failure;
use crate::{Entry, Program, Template, build};

/// An `operators:` list. It is compiled when it is read, so that every mistake in it is reported
/// with its place.
#[derive(Clone, Default)]
pub struct Operators {
    node: Node,
    program: Arc<Program>,
}

impl Operators {
    /// The compiled list.
    #[must_use]
    pub const fn program(&self) -> &Arc<Program> {
        &self.program
    }
}

impl Operators {
    /// The list with `operator`, as a user would write it, in front of it.
    ///
    /// # Errors
    /// What is wrong with it, as a phrase.
    pub fn behind(&self, operator: Node) -> Result<Self, String> {
        let mut items = vec![operator];
        if let NodeValue::Seq(rest) = &self.node.value {
            items.extend(rest.iter().cloned());
        }
        let mut diagnostics = Diagnostics::new();
        load(
            "operators",
            &Origin::Default,
            &items.into(),
            &mut diagnostics,
        )
        .ok_or_else(|| {
            let messages: Vec<_> = diagnostics.errors().map(|e| e.message.as_str()).collect();
            messages.join("; ")
        })
    }
}

impl fmt::Debug for Operators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.program.steps.iter().map(|step| &step.id))
            .finish()
    }
}

impl Config for Operators {
    fn decode(&mut self, node: &Node, cx: &mut DecodeContext<'_>) {
        if let Some(operators) = Self::from_node(node, cx) {
            *self = operators;
        }
    }

    fn from_node(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
        let items = match &node.value {
            NodeValue::Null => &[],
            NodeValue::Seq(items) => items.as_slice(),
            _ => {
                cx.wrong_type(node, "a list");
                return None;
            }
        };
        let program = build::build(items, cx)?;
        Some(Self {
            node: node.clone(),
            program: Arc::new(program),
        })
    }

    fn encode(&self, _: EncodeContext) -> Node {
        match &self.node.value {
            NodeValue::Null => Vec::<Node>::new().into(),
            _ => self.node.clone(),
        }
    }

    fn schema(&self) -> Schema {
        Schema::List(Box::new(Schema::Any))
    }

    fn type_schema() -> Schema {
        Schema::List(Box::new(Schema::Any))
    }
}

/// `attributes:` or `resource:` of a receiver: text for each key, with `EXPR(…)` where wanted.
#[derive(Clone, Default)]
pub struct Decoration {
    node: Node,
    entries: Vec<(String, Template)>,
}

impl Decoration {
    /// Whether there is nothing to add.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Sets the keys as attributes of the record.
    ///
    /// # Errors
    /// [`Failure`] of an expression.
    pub fn set_attributes<'a>(&'a self, entry: &mut Entry<'a>) -> Result<(), Failure> {
        for (key, template) in &self.entries {
            match template.constant() {
                Some(text) => entry.attributes.insert(key.as_str(), text),
                None => {
                    let text = template.render(entry)?;
                    entry.attributes.insert(key.as_str(), text);
                }
            }
        }
        Ok(())
    }

    /// Sets the keys as attributes of the resource.
    ///
    /// # Errors
    /// [`Failure`] of an expression.
    pub fn set_resource<'a>(&'a self, entry: &mut Entry<'a>) -> Result<(), Failure> {
        for (key, template) in &self.entries {
            match template.constant() {
                Some(text) => entry.resource.insert(key.as_str(), text),
                None => {
                    let text = template.render(entry)?;
                    entry.resource.insert(key.as_str(), text);
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Decoration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.entries.iter().map(|(key, _)| key))
            .finish()
    }
}

impl Config for Decoration {
    fn decode(&mut self, node: &Node, cx: &mut DecodeContext<'_>) {
        if let Some(decoration) = Self::from_node(node, cx) {
            *self = decoration;
        }
    }

    fn from_node(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
        let mut entries = Vec::new();
        let map = match &node.value {
            NodeValue::Null => return Some(Self::default()),
            NodeValue::Map(map) => map,
            _ => {
                cx.wrong_type(node, "a map");
                return None;
            }
        };
        for (key, value) in map {
            cx.child(&key.name, &key.origin, value, |cx| {
                let text = String::from_node(value, cx)?;
                match Template::compile(&text) {
                    Ok(template) => entries.push((key.name.clone(), template)),
                    Err(error) => {
                        cx.error(Code::REFUSED_VALUE, &value.origin, error.to_string());
                    }
                }
                Some(())
            });
        }
        (entries.len() == map.len()).then(|| Self {
            node: node.clone(),
            entries,
        })
    }

    fn encode(&self, _: EncodeContext) -> Node {
        match &self.node.value {
            NodeValue::Null => headwater_core::config::Map::new().into(),
            _ => self.node.clone(),
        }
    }

    fn schema(&self) -> Schema {
        Schema::Map(Box::new(Schema::String))
    }

    fn type_schema() -> Schema {
        Schema::Map(Box::new(Schema::String))
    }
}
