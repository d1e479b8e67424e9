//! `template`: makes an extracted value by a Go template.

use std::borrow::Cow;

use headwater_core::ComponentError;
use headwater_core::config::{Config, Validation};

use crate::build::check_required;
use crate::entry::Entry;
use crate::pipeline::{Edit, Run, Verdict};
use crate::template::{Data, Template};

/// Arguments of `template`. Source: Alloy `stages.TemplateConfig`.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub(crate) struct TemplateConfig {
    /// The extracted value that is set; if the template makes nothing, it is deleted. Required.
    pub(crate) source: String,
    /// A Go template: `.name` is an extracted value, `.Value` that of `source`, `.Entry` the line.
    /// Required.
    pub(crate) template: String,
}

impl TemplateConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        check_required(validation, "source", &self.source);
        check_required(validation, "template", &self.template);
        check_template(validation, "template", &self.template);
    }
}

/// Reports what is wrong with a template.
pub(super) fn check_template(validation: &mut Validation<'_>, key: &str, text: &str) {
    if let Err(error) = Template::parse(text) {
        validation.error(key, format!("failed to compile template: {error}"));
    }
}

/// The extracted map as the data of a template.
pub(super) struct ExtractedData<'e, 'a> {
    pub(super) entry: &'e Entry<'a>,
    /// `.Value`
    pub(super) value: Option<&'e str>,
    /// `.Entry`
    pub(super) line: Option<&'e str>,
}

impl Data for ExtractedData<'_, '_> {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        match (name, self.value, self.line) {
            ("Value", Some(value), _) => Some(Cow::Borrowed(value)),
            ("Entry", _, Some(line)) => Some(Cow::Borrowed(line)),
            _ => self.entry.extracted_text(name),
        }
    }

    fn all(&self) -> Vec<(String, String)> {
        let mut all: Vec<(String, String)> = self
            .entry
            .all_extracted()
            .filter_map(|(name, value)| Some((name.to_string(), value.text()?.into_owned())))
            .filter(|(name, _)| name != "Value" && name != "Entry")
            .collect();
        for name in ["Value", "Entry"] {
            let value = self.get(name);
            all.extend(value.map(|value| (name.to_owned(), value.into_owned())));
        }
        all
    }
}

/// Makes an extracted value.
#[derive(Debug)]
pub(crate) struct TemplateStage {
    source: String,
    template: Template,
}

impl TemplateStage {
    pub(crate) fn new(config: &TemplateConfig) -> Result<Self, ComponentError> {
        Ok(Self {
            source: config.source.clone(),
            template: Template::parse(&config.template)
                .map_err(|error| ComponentError::with_source("parse the template", error))?,
        })
    }
}

impl Edit for TemplateStage {
    fn edit<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Run) -> Verdict {
        let value = entry.extracted_text(&self.source);
        let made = self.template.execute(&ExtractedData {
            entry,
            value: value.as_deref(),
            line: Some(&entry.line),
        });
        match made {
            Ok(made) if made.is_empty() => entry.unextract(&self.source),
            Ok(made) => entry.extract(self.source.as_str(), made),
            // As upstream: what cannot be made changes nothing.
            Err(error) => tracing::debug!(%error, "Failed to execute template"),
        }
        Verdict::Keep
    }
}
