//! `replace`: what the groups of a regular expression capture becomes something else.

use std::borrow::Cow;

use headwater_core::ComponentError;
use headwater_core::config::{Config, Validation};
use headwater_regexp::Regex;

use super::source;
use super::template::{ExtractedData, check_template};
use crate::build::{check_regex, check_required, regex};
use crate::entry::{Entry, part};
use crate::pipeline::{Edit, Run, Verdict};
use crate::template::Template;

/// Arguments of `replace`. Source: Alloy `stages.ReplaceConfig`.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub(crate) struct ReplaceConfig {
    /// The regular expression; each of its groups is replaced, and named ones are extracted.
    /// Required.
    pub(crate) expression: String,
    /// The extracted value to change; without it, the line.
    pub(crate) source: String,
    /// What a group is replaced by: a template in which `.Value` is what it has captured.
    pub(crate) replace: String,
}

impl ReplaceConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        check_required(validation, "expression", &self.expression);
        check_regex(validation, "expression", &self.expression);
        check_template(validation, "replace", &self.replace);
    }
}

/// Replaces what groups capture.
#[derive(Debug)]
pub(crate) struct Replace {
    regex: Regex,
    groups: Vec<(usize, String)>,
    source: Option<String>,
    template: Template,
}

impl Replace {
    pub(crate) fn new(config: &ReplaceConfig) -> Result<Self, ComponentError> {
        let regex = regex(&config.expression)?;
        let groups = regex.capture_names().enumerate();
        let groups = groups.filter_map(|(at, name)| Some((at, name?.to_owned())));
        Ok(Self {
            groups: groups.collect(),
            regex,
            source: Some(config.source.clone()).filter(|source| !source.is_empty()),
            template: Template::parse(&config.replace)
                .map_err(|error| ComponentError::with_source("parse the template", error))?,
        })
    }
}

impl Edit for Replace {
    fn edit<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Run) -> Verdict {
        let Some(text) = source(entry, self.source.as_deref()) else {
            return Verdict::Keep;
        };
        let mut out = String::new();
        let mut copied = 0;
        // What was captured, and what it became. The last one of the same text counts.
        let mut became: Vec<(&str, String)> = Vec::new();
        let mut first = None;
        for captures in self.regex.captures_iter(text.as_bytes()) {
            for group in captures.iter().skip(1).flatten() {
                let Some(captured) = text.get(group.range()) else {
                    continue;
                };
                let data = ExtractedData {
                    entry,
                    value: Some(captured),
                    line: None,
                };
                let Ok(replaced) = self.template.execute(&data) else {
                    return Verdict::Keep;
                };
                if copied == 0 || copied <= group.start() {
                    out.push_str(text.get(copied..group.start()).unwrap_or(""));
                    out.push_str(&replaced);
                    copied = group.end();
                }
                became.retain(|(known, _)| *known != captured);
                became.push((captured, replaced));
            }
            if first.is_none() {
                let range = |at: usize| captures.get(at).map_or(0..0, |group| group.range());
                let groups = self.groups.iter().map(|(at, name)| (name, range(*at)));
                first = Some(groups.collect::<Vec<_>>());
            }
        }
        let Some(groups) = first else {
            return Verdict::Keep;
        };
        out.push_str(text.get(copied..).unwrap_or(""));
        for (name, range) in groups {
            let captured = part(&text, range);
            let found = became.iter().find(|(known, _)| *known == captured);
            if let Some((_, replaced)) = found {
                entry.extract(name.as_str(), replaced.clone());
            }
        }
        match &self.source {
            // A group of the source's name counts: it is extracted last, as upstream.
            Some(name) if !self.groups.iter().any(|(_, group)| group == name) => {
                entry.extract(name.as_str(), out);
            }
            Some(_) => {}
            None => entry.line = Cow::Owned(out),
        }
        Verdict::Keep
    }
}
