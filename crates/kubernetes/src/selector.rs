//! Which objects of a kind are of interest.

/// A label and a field selector, as the API takes them; empty for all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Selector {
    /// For example `app=web,tier!=cache`.
    pub label: String,
    /// For example `spec.nodeName=node-1`.
    pub field: String,
}
