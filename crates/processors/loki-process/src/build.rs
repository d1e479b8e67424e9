//! What stages are built with.

use std::sync::Arc;

use headwater_core::config::Validation;
use headwater_core::telemetry::{Counter, Instrument, InstrumentKind, Level};
use headwater_core::{ComponentError, Settings};
use headwater_regexp::Regex;

use crate::custom::CustomMetrics;

const DROPPED: Instrument = Instrument {
    name: "loki_process_dropped_lines_total",
    description: "A count of all log lines dropped as a result of a pipeline stage",
    unit: "1",
    kind: InstrumentKind::Counter,
    level: Level::Basic,
};

/// What all stages of one processor share.
pub(crate) struct Builder<'s> {
    pub(crate) settings: &'s Settings,
    /// How many bytes one stage may hold.
    pub(crate) max_held_bytes: usize,
    /// How many streams one stage may hold lines of.
    pub(crate) max_held_streams: usize,
    /// How many series one metric may have.
    pub(crate) max_series: usize,
    /// Where metrics are shown.
    pub(crate) metrics: &'s Arc<CustomMetrics>,
}

impl Builder<'_> {
    /// The counter of lines dropped for a reason.
    pub(crate) fn dropped(&self, reason: &str) -> Counter {
        let attributes = vec![
            ("processor", self.settings.id.to_string()),
            ("reason", reason.to_owned()),
        ];
        self.settings.telemetry.counter(DROPPED, attributes)
    }

    /// A counter of the processor.
    pub(crate) fn counter(
        &self,
        name: &'static str,
        description: &'static str,
        label: Option<(&'static str, &str)>,
    ) -> Counter {
        let instrument = Instrument {
            name,
            description,
            ..DROPPED
        };
        let mut attributes = vec![("processor", self.settings.id.to_string())];
        attributes.extend(label.map(|(name, value)| (name, value.to_owned())));
        self.settings.telemetry.counter(instrument, attributes)
    }
}

/// Compiles a regular expression that was checked before.
pub(crate) fn regex(pattern: &str) -> Result<Regex, ComponentError> {
    headwater_regexp::compile(pattern)
        .map_err(|error| ComponentError::with_source(format!("compile {pattern:?}"), error))
}

/// As [`regex`]; none for the empty pattern.
pub(crate) fn optional_regex(pattern: &str) -> Result<Option<Regex>, ComponentError> {
    match pattern {
        "" => Ok(None),
        pattern => regex(pattern).map(Some),
    }
}

/// Reports a pattern that is no regular expression.
pub(crate) fn check_regex(validation: &mut Validation<'_>, key: &str, pattern: &str) {
    if let Err(error) = headwater_regexp::compile(pattern) {
        validation.error(
            key,
            format!("could not compile regular expression: {error}"),
        );
    }
}

/// Reports an argument that is given and empty.
pub(crate) fn check_source(validation: &mut Validation<'_>, source: Option<&str>) {
    if source == Some("") {
        validation
            .error("source", "empty source")
            .help("delete the key to work on the line");
    }
}

/// Reports an argument that is missing.
pub(crate) fn check_required(validation: &mut Validation<'_>, key: &str, value: &str) {
    if value.is_empty() {
        validation.error(key, format!("missing required argument \"{key}\""));
    }
}
