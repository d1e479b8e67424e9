//! A value of the manifest that knows where it is written.

use headwater_core::config::{
    Config, DecodeContext, EncodeContext, Node, Origin, Schema, Validation,
};

/// A value with its place, for what can only be judged once the crates are known.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Where its key is written, or, in a list, where it is itself.
    pub origin: Origin,
    /// Its path in the manifest: `features::processors::loki_process::0`.
    pub path: String,
}

impl<T: Config> Config for Placed<T> {
    fn decode(&mut self, node: &Node, cx: &mut DecodeContext<'_>) {
        if let Some(value) = Self::from_node(node, cx) {
            *self = value;
        }
    }

    fn from_node(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
        Some(Self {
            value: T::from_node(node, cx)?,
            origin: cx.anchor().clone(),
            path: cx.path().to_owned(),
        })
    }

    fn encode(&self, cx: EncodeContext) -> Node {
        self.value.encode(cx)
    }

    fn schema(&self) -> Schema {
        self.value.schema()
    }

    fn type_schema() -> Schema {
        T::type_schema()
    }

    fn validate(&self, validation: &mut Validation<'_>) {
        self.value.validate(validation);
    }
}
