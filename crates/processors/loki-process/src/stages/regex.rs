//! `regex`: values by the named groups of a regular expression.

use std::sync::{Mutex, PoisonError};

use headwater_core::ComponentError;
use headwater_core::config::{Config, Validation};
use headwater_regexp::{CaptureLocations, Regex};

use super::source;
use crate::build::{check_regex, check_required, check_source, regex};
use crate::entry::{Entry, part};
use crate::pipeline::{Edit, Run, Verdict};

/// Arguments of `regex`. Source: Alloy `stages.RegexConfig`.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub(crate) struct RegexConfig {
    /// The regular expression, whose named groups are extracted. Required.
    pub(crate) expression: String,
    /// The extracted value to look at; without it, the line.
    pub(crate) source: Option<String>,
    /// Makes the groups labels as well.
    pub(crate) labels_from_groups: bool,
}

impl RegexConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        check_required(validation, "expression", &self.expression);
        check_regex(validation, "expression", &self.expression);
        check_source(validation, self.source.as_deref());
    }
}

/// Extracts values by a regular expression.
#[derive(Debug)]
pub(crate) struct RegexStage {
    regex: Regex,
    /// Index and name of the named groups.
    groups: Vec<(usize, String)>,
    source: Option<String>,
    labels: bool,
    /// The room for the groups of one match, used again.
    room: Mutex<CaptureLocations>,
}

impl RegexStage {
    pub(crate) fn new(config: &RegexConfig) -> Result<Self, ComponentError> {
        let regex = regex(&config.expression)?;
        let groups = regex.capture_names().enumerate();
        let groups = groups.filter_map(|(at, name)| Some((at, name?.to_owned())));
        Ok(Self {
            groups: groups.collect(),
            room: Mutex::new(regex.capture_locations()),
            regex,
            source: config.source.clone(),
            labels: config.labels_from_groups,
        })
    }
}

impl Edit for RegexStage {
    fn edit<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Run) -> Verdict {
        let Some(text) = source(entry, self.source.as_deref()) else {
            return Verdict::Keep;
        };
        let mut room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        if self
            .regex
            .captures_read(&mut room, text.as_bytes())
            .is_none()
        {
            return Verdict::Keep;
        }
        for (at, name) in &self.groups {
            let range = room.get(*at).map_or(0..0, |(from, to)| from..to);
            let value = part(&text, range);
            if self.labels {
                entry.set_label(name.as_str(), value.clone());
            }
            entry.extract(name.as_str(), value);
        }
        Verdict::Keep
    }
}
