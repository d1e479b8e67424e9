//! Edits resources and instrumentation scopes.

use bytes::Bytes;

use super::attributes::AttributeEditor;
use super::encode::EncodeValue;
use super::message::MessageEdit;
use super::number::{RESOURCE_ATTRIBUTES, SCHEMA_URL, SCOPE_ATTRIBUTES, SCOPE_NAME, SCOPE_VERSION};
use crate::pdata::owned;
use crate::pdata::view::{Message, Text};
use crate::pdata::wire::{Field, WireError, WireType};

/// A resource. One that the request does not name has no attributes and comes into being with
/// the first one it gets.
#[derive(Debug)]
pub struct ResourceEditor<'e> {
    pub(super) edit: &'e mut MessageEdit,
    pub(super) input: &'e Bytes,
    pub(super) entry: Field,
}

impl ResourceEditor<'_> {
    /// The resource decoded, as it came, without the changes.
    ///
    /// # Errors
    /// [`WireError`] if it is none.
    pub fn decode(&self) -> Result<owned::Resource, WireError> {
        owned::Resource::decode(&self.edit.message(self.input))
    }

    /// Puts `resource` in its place. Other changes do not count then.
    pub fn replace(&mut self, resource: &owned::Resource) {
        self.edit.replace(|out| resource.encode_to(out));
    }

    /// The attributes.
    #[inline]
    pub fn attributes(&mut self) -> AttributeEditor<'_> {
        AttributeEditor::new(self.edit, self.input, RESOURCE_ATTRIBUTES)
    }

    /// The schema URL of the resource's entry.
    #[must_use]
    pub fn schema_url(&self) -> Text<'_> {
        text(Message::new(self.entry.bytes(self.input)).bytes(SCHEMA_URL))
    }
}

/// An instrumentation scope.
#[derive(Debug)]
pub struct ScopeEditor<'e> {
    pub(super) edit: &'e mut MessageEdit,
    pub(super) input: &'e Bytes,
    pub(super) entry: Field,
}

impl ScopeEditor<'_> {
    /// The scope decoded, as it came, without the changes.
    ///
    /// # Errors
    /// [`WireError`] if it is none.
    pub fn decode(&self) -> Result<owned::InstrumentationScope, WireError> {
        owned::InstrumentationScope::decode(&self.edit.message(self.input))
    }

    /// Puts `scope` in its place. Other changes do not count then.
    pub fn replace(&mut self, scope: &owned::InstrumentationScope) {
        self.edit.replace(|out| scope.encode_to(out));
    }

    /// The attributes.
    #[inline]
    pub fn attributes(&mut self) -> AttributeEditor<'_> {
        AttributeEditor::new(self.edit, self.input, SCOPE_ATTRIBUTES)
    }

    /// The name; empty if there is none.
    #[must_use]
    pub fn name(&self) -> Text<'_> {
        text(self.edit.field(self.input, SCOPE_NAME, WireType::Len))
    }

    /// Sets the name.
    pub fn set_name(&mut self, name: impl AsRef<[u8]>) {
        self.edit.set_text(SCOPE_NAME, name.as_ref());
    }

    /// The version; empty if there is none.
    #[must_use]
    pub fn version(&self) -> Text<'_> {
        text(self.edit.field(self.input, SCOPE_VERSION, WireType::Len))
    }

    /// Sets the version.
    pub fn set_version(&mut self, version: impl AsRef<[u8]>) {
        self.edit.set_text(SCOPE_VERSION, version.as_ref());
    }

    /// The schema URL of the scope's entry.
    #[must_use]
    pub fn schema_url(&self) -> Text<'_> {
        text(Message::new(self.entry.bytes(self.input)).bytes(SCHEMA_URL))
    }
}

pub(super) fn text(bytes: Option<&[u8]>) -> Text<'_> {
    Text::new(bytes.unwrap_or_default())
}

impl MessageEdit {
    /// Sets a string field; an empty one is taken out.
    pub(super) fn set_text(&mut self, number: u32, text: &[u8]) {
        if text.is_empty() {
            self.clear_field(number);
        } else {
            self.set_field(number, WireType::Len, |out| out.extend_from_slice(text));
        }
    }

    /// Sets a field that is an `AnyValue`.
    pub(super) fn set_value_field(&mut self, number: u32, value: &impl EncodeValue) {
        self.set_field(number, WireType::Len, |out| value.encode_value(out));
    }
}
