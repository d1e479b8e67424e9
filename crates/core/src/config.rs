//! Configuration: values that know where they came from, and how they become the typed
//! configuration of a component.
//!
//! A [`Node`] is a value with its [`Origin`]. A type that implements [`Config`] is decoded from
//! a node *onto* a value that already holds the defaults, which is what the Collector does:
//! keys that are not given keep what the default says. `#[derive(Config)]` implements it for
//! structs (keys are the field names) and for enums of plain words. Everything that is wrong is
//! collected in [`Diagnostics`], none of it stops the decoding.
//!
//! Reading files, merging them and expanding `${…}` is the work of `headwater-config`, and so
//! is showing diagnostics to a user.

mod choice;
mod code;
mod collection;
mod context;
mod diagnostic;
mod duration;
mod fields;
mod ids;
mod node;
mod opaque;
mod optional;
mod origin;
mod scalar;
mod schema;
mod suggest;
#[cfg(test)]
mod tests;

pub use choice::{Choice, parse_choice};
pub use code::Code;
pub use collection::OrderedMap;
pub use context::{DecodeContext, EncodeContext, Origins, Validation};
pub use diagnostic::{Diagnostic, Diagnostics, Label, Severity};
pub use duration::{format_duration, parse_duration};
pub use fields::{
    Alias, FieldInfo, FieldKind, Fields, Removed, StructInfo, decode_struct, encode_struct,
    report_unknown, struct_schema, validate_struct,
};
pub use headwater_config_derive::Config;
pub use node::{Key, Map, Node, Value};
pub use opaque::{NameValues, Opaque, REDACTED};
pub use optional::Optional;
pub use origin::{Origin, Source, SourceKind, Span};
pub use scalar::{Scalar, parse_text};
pub use schema::{Field, Row, Schema, Section};
pub use suggest::nearest;

/// A part of a component's configuration: a section, a list, a value.
///
/// Derive it for structs and for enums of plain words, implement [`Scalar`] for a type that is
/// written as one word or number, and this only for what is neither.
pub trait Config {
    /// Decodes onto `self`, which holds the defaults: what `node` does not mention stays as it
    /// is, and so does what cannot be decoded. Mistakes go to `cx`.
    fn decode(&mut self, node: &Node, cx: &mut DecodeContext<'_>);

    /// Decodes a new value, as an item of a list or an entry of a map needs it. Null gives the
    /// default. `None` after an error was reported.
    fn from_node(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self>
    where
        Self: Sized;

    /// Writes the value with every key, defaults included.
    fn encode(&self, cx: EncodeContext) -> Node;

    /// Describes the value, with what it holds as the defaults.
    fn schema(&self) -> Schema;

    /// Describes the type, with its own defaults.
    fn type_schema() -> Schema
    where
        Self: Sized;

    /// Reports what is wrong with the value although it could be decoded.
    fn validate(&self, validation: &mut Validation<'_>) {
        let _ = validation;
    }

    /// The fields, for a struct.
    fn fields(&self) -> Option<&dyn Fields> {
        None
    }

    /// The fields to decode onto them, for a struct.
    fn fields_mut(&mut self) -> Option<&mut dyn Fields> {
        None
    }

    /// Whether this is one word or number, not a section.
    fn is_scalar() -> bool
    where
        Self: Sized,
    {
        false
    }

    /// How a string given for a list of this type is split; `None` if it must be a list.
    fn split_list(text: &str) -> Option<Vec<Self>>
    where
        Self: Sized,
    {
        let _ = text;
        None
    }
}

/// Decodes and validates a component's configuration onto its default. `path` is the place in
/// the tree (`exporters::otlp/b`), `anchor` the origin of the key. `None` if there was an error;
/// all errors and warnings are in `diagnostics`.
pub fn load<T: Config + Default>(
    path: &str,
    anchor: &Origin,
    node: &Node,
    diagnostics: &mut Diagnostics,
) -> Option<T> {
    load_onto(T::default(), path, anchor, node, diagnostics, None)
}

/// As [`load`], onto `value`, and recording where each value came from if `origins` is given.
pub fn load_onto<T: Config>(
    mut value: T,
    path: &str,
    anchor: &Origin,
    node: &Node,
    diagnostics: &mut Diagnostics,
    origins: Option<&mut Origins>,
) -> Option<T> {
    let before = diagnostics.errors().count();
    let mut cx = DecodeContext::new(diagnostics, path, anchor);
    if let Some(origins) = origins {
        cx = cx.record(origins);
    }
    value.decode(node, &mut cx);
    value.validate(&mut Validation::new(diagnostics, path, anchor, Some(node)));
    (diagnostics.errors().count() == before).then_some(value)
}
