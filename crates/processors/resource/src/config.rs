//! What the user writes.

use headwater_attributes::{ActionConfig, Actions};
use headwater_core::config::{Config, Validation};

/// Configuration of the `resource` processor. Source: Go `resourceprocessor.Config`.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub struct ResourceConfig {
    /// What to do with the attributes of each resource, in this order. Required.
    pub attributes: Vec<ActionConfig>,
}

impl ResourceConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        if self.attributes.is_empty() {
            validation.error("attributes", "missing required field \"attributes\"");
        }
        Actions::check(&self.attributes, "attributes", validation);
    }
}
