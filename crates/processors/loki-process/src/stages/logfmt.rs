//! `logfmt`: values out of logfmt.

use std::borrow::Cow;

use headwater_core::ComponentError;
use headwater_core::config::{Config, OrderedMap, Validation};
use headwater_regexp::Regex;

use super::labels::pairs;
use super::source;
use crate::build::{check_regex, optional_regex};
use crate::entry::{Entry, Text};
use crate::pipeline::{Edit, Run, Verdict};

/// Arguments of `logfmt`. Source: Alloy `stages.LogfmtConfig`.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub(crate) struct LogfmtConfig {
    /// The values to extract, each with its key in the line; empty means the name.
    pub(crate) mapping: OrderedMap<Option<String>>,
    /// The extracted value that holds the logfmt; without it, the line.
    pub(crate) source: String,
    /// Extracts the values of the keys that match, under these keys.
    pub(crate) regex: String,
}

impl LogfmtConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        if self.mapping.is_empty() && self.regex.is_empty() {
            validation.error("mapping", "logfmt mapping or regex is required");
        }
        check_regex(validation, "regex", &self.regex);
    }
}

/// Extracts values of logfmt.
#[derive(Debug)]
pub(crate) struct Logfmt {
    /// Name and key. Of several names with one key the last counts, as upstream.
    mapping: Vec<(String, String)>,
    regex: Option<Regex>,
    source: Option<String>,
}

impl Logfmt {
    pub(crate) fn new(config: &LogfmtConfig) -> Result<Self, ComponentError> {
        Ok(Self {
            mapping: pairs(&config.mapping),
            regex: optional_regex(&config.regex)?,
            source: Some(config.source.clone()).filter(|source| !source.is_empty()),
        })
    }

    fn extract<'a, 't>(
        &'a self,
        text: &'t str,
        entry: &mut Entry<'a>,
        keep: impl Fn(Cow<'t, str>) -> Text<'a>,
    ) {
        crate::logfmt::scan(text, |key, value| {
            let named = self.mapping.iter().rev().find(|(_, known)| known == key);
            if let Some((name, _)) = named {
                entry.extract(name.as_str(), keep(value.clone()));
            }
            if let Some(regex) = &self.regex
                && regex.is_match(key.as_bytes())
            {
                entry.extract(keep(Cow::Borrowed(key)), keep(value));
            }
        });
    }
}

impl Edit for Logfmt {
    fn edit<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Run) -> Verdict {
        match source(entry, self.source.as_deref()) {
            Some(Cow::Borrowed(text)) => self.extract(text, entry, |text| text),
            Some(Cow::Owned(text)) => {
                self.extract(&text, entry, |text| Cow::Owned(text.into_owned()));
            }
            None => {}
        }
        Verdict::Keep
    }
}
