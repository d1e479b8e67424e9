//! Identifiers as values.

use super::scalar::{Scalar, parse_text};
use super::{DecodeContext, EncodeContext, Node, Schema};
use crate::{ComponentId, PipelineId};

impl Scalar for ComponentId {
    fn parse(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
        parse_text(node, cx, "a component id")
    }

    fn write(&self, _: EncodeContext) -> Node {
        self.to_string().into()
    }

    fn schema() -> Schema {
        Schema::String
    }
}

impl Scalar for PipelineId {
    fn parse(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
        parse_text(node, cx, "a pipeline id")
    }

    fn write(&self, _: EncodeContext) -> Node {
        self.to_string().into()
    }

    fn schema() -> Schema {
        Schema::String
    }
}
