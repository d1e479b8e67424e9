//! What the user writes.

use headwater_attributes::{ActionConfig, Actions, MatchConfig};
use headwater_core::config::{Config, Validation};

/// Configuration of the `attributes` processor. Source: Go `attributesprocessor.Config`.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub struct AttributesConfig {
    /// Which records to act on.
    #[config(squash)]
    pub matching: MatchConfig,
    /// What to do with the attributes of each record, in this order. Required.
    pub actions: Vec<ActionConfig>,
}

impl AttributesConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        if self.actions.is_empty() {
            validation.error("actions", "missing required field \"actions\"");
        }
        Actions::check(&self.actions, "actions", validation);
    }
}
