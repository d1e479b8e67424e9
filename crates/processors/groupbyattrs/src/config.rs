//! What the user writes.

use headwater_core::config::{Config, Validation};

/// Configuration of the `groupbyattrs` processor. Source: Go `groupbyattrsprocessor.Config`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
#[config(validate = Self::check)]
pub struct GroupByAttrsConfig {
    /// The attributes that move from spans, log records and data points to their resource. Absent:
    /// equal resources, scopes and metrics are joined.
    pub keys: Vec<String>,
}

impl GroupByAttrsConfig {
    /// The keys, without those that are empty or repeated.
    pub(crate) fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = Vec::with_capacity(self.keys.len());
        for key in &self.keys {
            if !key.is_empty() && !keys.contains(key) {
                keys.push(key.clone());
            }
        }
        keys
    }

    fn check(&self, validation: &mut Validation<'_>) {
        for (index, key) in self.keys.iter().enumerate() {
            let path = format!("keys::{index}");
            if key.is_empty() {
                validation.warning(&path, "an empty key has no effect");
            } else if self.keys[..index].contains(key) {
                validation.warning(
                    &path,
                    format!("the grouping key {key:?} is already present"),
                );
            }
        }
    }
}
