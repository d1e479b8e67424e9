//! `labels`, `static_labels`, `label_drop`, `label_keep`.

use std::cmp::Ordering;

use headwater_core::config::{Config, OrderedMap, Validation};

use crate::entry::Entry;
use crate::pipeline::{Edit, Run, Verdict};

/// Where values are taken from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub(crate) enum LabelSource {
    /// From the extracted map.
    #[default]
    Extracted,
    /// From structured metadata.
    StructuredMetadata,
}

/// Arguments of `labels`. Source: Alloy `stages.LabelsConfig`.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub(crate) struct LabelsConfig {
    /// The labels to set, each with the name of the value; empty means the label's name. Required.
    pub(crate) values: OrderedMap<Option<String>>,
    /// Where the values are: `extracted` or `structured_metadata`.
    pub(crate) source_type: LabelSource,
}

/// Names with the names of their values.
pub(super) fn pairs(values: &OrderedMap<Option<String>>) -> Vec<(String, String)> {
    let pair = |(name, of): (&str, &Option<String>)| {
        let of = of.as_deref().filter(|of| !of.is_empty()).unwrap_or(name);
        (name.to_owned(), of.to_owned())
    };
    values.iter().map(pair).collect()
}

/// Reports names that cannot be those of labels.
pub(super) fn check_names<'n>(
    validation: &mut Validation<'_>,
    key: &str,
    names: impl Iterator<Item = &'n str>,
) {
    for name in names.filter(|name| name.is_empty()) {
        validation.error(key, format!("invalid label name: {name:?}"));
    }
}

impl LabelsConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        if self.values.is_empty() {
            validation.error("values", "label stage config cannot be empty");
        }
        check_names(
            validation,
            "values",
            self.values.iter().map(|(name, _)| name),
        );
    }
}

/// Sets labels.
#[derive(Debug)]
pub(crate) struct Labels {
    pairs: Vec<(String, String)>,
    source: LabelSource,
}

impl Labels {
    pub(crate) fn new(config: &LabelsConfig) -> Self {
        Self {
            pairs: pairs(&config.values),
            source: config.source_type,
        }
    }
}

impl Edit for Labels {
    fn edit<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Run) -> Verdict {
        for (label, of) in &self.pairs {
            let value = match self.source {
                LabelSource::Extracted => entry.extracted_text(of),
                LabelSource::StructuredMetadata => {
                    let found = entry.metadata.iter().find(|(name, _)| name == of);
                    found.map(|(_, value)| value.clone())
                }
            };
            if let Some(value) = value {
                entry.set_label(label.as_str(), value);
            }
        }
        Verdict::Keep
    }
}

/// Arguments of `static_labels`. Source: Alloy `stages.StaticLabelsConfig`.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub(crate) struct StaticLabelsConfig {
    /// The labels to set, with their values; empty ones are left out. Required.
    pub(crate) values: OrderedMap<Option<String>>,
}

impl StaticLabelsConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        if self.values.is_empty() {
            validation.error("values", "static_labels stage config cannot be empty");
        }
        check_names(
            validation,
            "values",
            self.values.iter().map(|(name, _)| name),
        );
    }
}

/// Sets labels to fixed values.
#[derive(Debug)]
pub(crate) struct StaticLabels(Vec<(String, String)>);

impl StaticLabels {
    pub(crate) fn new(config: &StaticLabelsConfig) -> Self {
        let given = config.values.iter().filter_map(|(name, value)| {
            let value = value.as_deref().filter(|value| !value.is_empty())?;
            Some((name.to_owned(), value.to_owned()))
        });
        Self(given.collect())
    }
}

impl Edit for StaticLabels {
    fn edit<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Run) -> Verdict {
        for (name, value) in &self.0 {
            entry.set_label(name.as_str(), value.as_str());
        }
        Verdict::Keep
    }
}

/// Arguments of `label_drop`, and of `label_keep`.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub(crate) struct LabelNamesConfig {
    /// The names of the labels. Required.
    pub(crate) values: Vec<String>,
}

impl LabelNamesConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        if self.values.is_empty() {
            validation.error("values", "the list of labels cannot be empty");
        }
    }
}

/// Takes labels away.
#[derive(Debug)]
pub(crate) struct LabelDrop(pub(crate) Vec<String>);

impl Edit for LabelDrop {
    fn edit<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Run) -> Verdict {
        for name in &self.0 {
            entry.remove_label(name);
        }
        Verdict::Keep
    }
}

/// Takes all other labels away.
#[derive(Debug)]
pub(crate) struct LabelKeep {
    /// By length, then by letters: most names are told apart by their length.
    names: Vec<String>,
}

fn order(a: &str, b: &str) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

impl LabelKeep {
    pub(crate) fn new(config: &LabelNamesConfig) -> Self {
        let mut names = config.values.clone();
        names.sort_by(|a, b| order(a, b));
        Self { names }
    }
}

impl Edit for LabelKeep {
    fn edit<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Run) -> Verdict {
        entry.retain_labels(|name| {
            self.names
                .binary_search_by(|known| order(known, name))
                .is_ok()
        });
        Verdict::Keep
    }
}
