//! What the user writes.

use headwater_core::config::{Config, Node};

/// One action on attributes. Source: Go `attraction.ActionKeyValue`.
#[derive(Debug, Clone, Default, PartialEq, Config)]
pub struct ActionConfig {
    /// The attribute to act on. Required, except with a `pattern` for `delete` and `hash`.
    pub key: String,
    /// The value to set, of the type that YAML gives it. One of the three sources of `insert`,
    /// `update` and `upsert`.
    pub value: Node,
    /// What to set if the attribute or context value named as the source does not exist.
    pub default_value: Node,
    /// A regular expression: for `extract` with named groups, which become attributes; for
    /// `delete` and `hash` on the names of the attributes to act on.
    pub pattern: String,
    /// The attribute to take the value from.
    pub from_attribute: String,
    /// The context value to take: `metadata.<header>` (values joined by `;`; needs
    /// `include_metadata: true` at the receiver), `auth.<attribute>` or `client.address`.
    pub from_context: String,
    /// What `convert` converts to: `int`, `double` or `string`. What cannot be converted stays.
    pub converted_type: String,
    /// What to do: `insert`, `update`, `upsert`, `delete`, `hash` (SHA-256), `extract` or
    /// `convert`, in any case. Required.
    pub action: String,
}

impl ActionConfig {
    /// How many of the sources of a value are given, `default_value` aside.
    pub(super) fn sources(&self) -> usize {
        usize::from(!self.value.is_null())
            + usize::from(!self.from_attribute.is_empty())
            + usize::from(!self.from_context.is_empty())
    }
}
