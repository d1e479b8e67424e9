//! Which metrics and data points a transform is about.

use headwater_core::pdata::owned::{KeyValue, Metric, Value};
use headwater_regexp::{Captures, Regex};

use crate::points::{any_point, each_attributes};

/// The metrics and points that a transform includes.
#[derive(Debug)]
pub(crate) struct Filter {
    pub(crate) name: Name,
    labels: Vec<(String, Text)>,
}

#[derive(Debug)]
pub(crate) enum Name {
    Strict(String),
    Regexp(Regex),
}

#[derive(Debug)]
pub(crate) enum Text {
    Strict(String),
    Regexp(Regex),
}

impl Text {
    fn matches(&self, text: &[u8]) -> bool {
        match self {
            Self::Strict(wanted) => wanted.as_bytes() == text,
            Self::Regexp(pattern) => pattern.is_match(text),
        }
    }
}

impl Filter {
    pub(crate) const fn new(name: Name, labels: Vec<(String, Text)>) -> Self {
        Self { name, labels }
    }

    /// Whether metrics of this name are included.
    pub(crate) fn names(&self, name: &[u8]) -> bool {
        match &self.name {
            Name::Strict(wanted) => wanted.as_bytes() == name,
            Name::Regexp(pattern) => pattern.is_match(name),
        }
    }

    /// Whether only some data points may be included.
    pub(crate) const fn has_labels(&self) -> bool {
        !self.labels.is_empty()
    }

    /// Whether a data point with these attributes is included.
    pub(crate) fn point(&self, attributes: &[KeyValue]) -> bool {
        self.labels.iter().all(|(label, wanted)| {
            let found = attributes
                .iter()
                .find(|attribute| attribute.key.as_bytes() == label.as_bytes());
            // What is no text counts as the empty one, as upstream.
            wanted.matches(found.map_or(b"", |attribute| text_of(attribute)))
        })
    }

    /// Whether the metric is included: at least one of its points, if it has any.
    pub(crate) fn metric(&self, metric: &Metric) -> bool {
        if !self.names(metric.name.as_bytes()) {
            return false;
        }
        let mut points = 0;
        let mut matched = false;
        each_attributes(metric, |attributes| {
            points += 1;
            matched |= self.point(attributes);
        });
        points == 0 || matched
    }

    /// Whether all points of a metric are included.
    pub(crate) fn all_points(&self, metric: &Metric) -> bool {
        !self.has_labels() || !any_point(metric, |attributes| !self.point(attributes))
    }

    /// The groups that a pattern found in a name.
    pub(crate) fn captures<'n>(&self, name: &'n [u8]) -> Option<Captures<'n>> {
        match &self.name {
            Name::Strict(_) => None,
            Name::Regexp(pattern) => pattern.captures(name),
        }
    }

    /// The names of the groups of a pattern; `$1` and so on for those without.
    pub(crate) fn group_names(&self) -> Vec<String> {
        let Name::Regexp(pattern) = &self.name else {
            return Vec::new();
        };
        pattern
            .capture_names()
            .enumerate()
            .map(|(index, name)| name.map_or_else(|| format!("${index}"), str::to_owned))
            .collect()
    }
}

/// The text of an attribute; nothing if it is none.
pub(crate) fn text_of(attribute: &KeyValue) -> &[u8] {
    match &attribute.value.value {
        Value::String(text) => text.as_bytes(),
        _ => b"",
    }
}
