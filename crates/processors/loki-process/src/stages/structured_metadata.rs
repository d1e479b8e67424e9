//! `structured_metadata`, `structured_metadata_drop`.

use headwater_core::ComponentError;
use headwater_core::config::{Config, OrderedMap, Validation};
use headwater_regexp::Regex;

use super::labels::{check_names, pairs};
use crate::build::{check_regex, optional_regex};
use crate::entry::Entry;
use crate::pipeline::{Edit, Run, Verdict};

/// Arguments of `structured_metadata`. Source: Alloy `stages.StructuredMetadataConfig`.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub(crate) struct StructuredMetadataConfig {
    /// What to set, each with the name of the extracted value or label; empty means the same name.
    /// A label that is used is one no more.
    pub(crate) values: OrderedMap<Option<String>>,
    /// Moves all extracted values and labels whose names match.
    pub(crate) regex: String,
}

impl StructuredMetadataConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        check_names(
            validation,
            "values",
            self.values.iter().map(|(name, _)| name),
        );
        check_regex(validation, "regex", &self.regex);
    }
}

/// Sets structured metadata.
#[derive(Debug)]
pub(crate) struct StructuredMetadata {
    pairs: Vec<(String, String)>,
    regex: Option<Regex>,
}

impl StructuredMetadata {
    pub(crate) fn new(config: &StructuredMetadataConfig) -> Result<Self, ComponentError> {
        Ok(Self {
            pairs: pairs(&config.values),
            regex: optional_regex(&config.regex)?,
        })
    }

    fn by_regex<'a>(regex: &Regex, entry: &mut Entry<'a>) {
        let extracted: Vec<_> = entry
            .all_extracted()
            .filter(|(name, _)| regex.is_match(name.as_bytes()))
            .filter_map(|(name, value)| Some((name.clone(), value.text()?)))
            .collect();
        for (name, value) in extracted {
            entry.set_metadata(name, value);
        }
        let labels: Vec<_> = entry
            .labels()
            .filter(|(name, _)| regex.is_match(name.as_bytes()))
            .map(|(name, _)| name.clone())
            .collect();
        for name in labels {
            if let Some(value) = entry.remove_label(&name) {
                entry.set_metadata(name, value);
            }
        }
    }
}

impl Edit for StructuredMetadata {
    fn edit<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Run) -> Verdict {
        // A label counts more than the extracted value of its name. One label may be named twice.
        for (name, of) in &self.pairs {
            let value = match entry.label(of) {
                Some(label) => Some(label.clone()),
                None => entry.extracted_text(of),
            };
            if let Some(value) = value {
                entry.set_metadata(name.as_str(), value);
            }
        }
        for (_, of) in &self.pairs {
            entry.remove_label(of);
        }
        if let Some(regex) = &self.regex {
            Self::by_regex(regex, entry);
        }
        Verdict::Keep
    }
}

/// Takes structured metadata away.
#[derive(Debug)]
pub(crate) struct StructuredMetadataDrop(pub(crate) Vec<String>);

impl Edit for StructuredMetadataDrop {
    fn edit<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Run) -> Verdict {
        entry
            .metadata
            .retain(|(name, _)| !self.0.iter().any(|dropped| dropped == name));
        Verdict::Keep
    }
}
