//! `pattern`: values by a LogQL pattern.

use headwater_core::ComponentError;
use headwater_core::config::{Config, Validation};

use super::source;
use crate::build::{check_required, check_source};
use crate::entry::{Entry, part};
use crate::pattern::Pattern;
use crate::pipeline::{Edit, Run, Verdict};

/// Arguments of `pattern`. Source: Alloy `stages.PatternConfig`.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub(crate) struct PatternConfig {
    /// The pattern: `<name>` captures up to the text behind it, `<_>` skips. Required.
    pub(crate) pattern: String,
    /// The extracted value to look at; without it, the line.
    pub(crate) source: Option<String>,
    /// Makes the captures labels as well.
    pub(crate) labels_from_groups: bool,
}

impl PatternConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        check_required(validation, "pattern", &self.pattern);
        check_source(validation, self.source.as_deref());
        if !self.pattern.is_empty()
            && let Err(error) = Pattern::new(&self.pattern)
        {
            validation.error("pattern", format!("failed to parse pattern: {error}"));
        }
    }
}

/// Extracts values by a pattern.
#[derive(Debug)]
pub(crate) struct PatternStage {
    pattern: Pattern,
    source: Option<String>,
    labels: bool,
}

impl PatternStage {
    pub(crate) fn new(config: &PatternConfig) -> Result<Self, ComponentError> {
        let pattern = Pattern::new(&config.pattern)
            .map_err(|error| ComponentError::with_source("compile the pattern", error))?;
        Ok(Self {
            pattern,
            source: config.source.clone(),
            labels: config.labels_from_groups,
        })
    }
}

impl Edit for PatternStage {
    fn edit<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Run) -> Verdict {
        if let Some(text) = source(entry, self.source.as_deref()) {
            self.pattern.matches(&text, |name, range| {
                let value = part(&text, range);
                if self.labels {
                    entry.set_label(name, value.clone());
                }
                entry.extract(name, value);
            });
        }
        Verdict::Keep
    }
}
