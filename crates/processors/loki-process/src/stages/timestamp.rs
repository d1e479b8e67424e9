//! `timestamp`: when it happened.

use std::sync::{Mutex, MutexGuard, PoisonError};

use headwater_core::ComponentError;
use headwater_core::config::{Config, Validation};
use headwater_logs::Zone;

use crate::build::check_required;
use crate::entry::Entry;
use crate::generations::Generations;
use crate::pipeline::{Edit, Run, Verdict};
use crate::time::Format;

/// Of how many streams the last time is known. Upstream knows 10000.
const KNOWN_STREAMS: usize = 5000;

/// What happens to an entry whose time cannot be found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub(crate) enum OnFailure {
    /// It gets the last known time of its stream, and a nanosecond.
    #[default]
    Fudge,
    /// It keeps the time it had.
    Skip,
}

/// What happens to an entry with the time of the one before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub(crate) enum OnDuplicate {
    /// It gets a nanosecond more.
    #[default]
    Fudge,
    /// It keeps it.
    Keep,
}

/// Arguments of `timestamp`. Source: Alloy `stages.TimestampConfig`.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub(crate) struct TimestampConfig {
    /// The extracted value that holds the time. Required.
    pub(crate) source: String,
    /// How it is written: a layout of Go, the name of one such as `RFC3339`, or `Unix`, `UnixMs`,
    /// `UnixUs`, `UnixNs`. Required.
    pub(crate) format: String,
    /// Other formats to try.
    pub(crate) fallback_formats: Vec<String>,
    /// The time zone of times that name none, such as `Europe/Berlin`. UTC if not given.
    pub(crate) location: Option<String>,
    /// What happens to entries whose time cannot be found: `fudge` or `skip`.
    pub(crate) action_on_failure: OnFailure,
    /// What happens to entries with the same time as the one before: `fudge` or `keep`.
    pub(crate) action_on_duplicate_timestamp: OnDuplicate,
}

impl TimestampConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        check_required(validation, "source", &self.source);
        check_required(validation, "format", &self.format);
        if let Err(error) = Format::compile(&self.format) {
            validation.error("format", error);
        }
        for (at, format) in self.fallback_formats.iter().enumerate() {
            if let Err(error) = Format::compile(format) {
                validation.error(&format!("fallback_formats::{at}"), error);
            }
        }
        if let Some(location) = &self.location
            && let Err(error) = Zone::named(location)
        {
            validation.error("location", format!("invalid location specified: {error}"));
        }
    }
}

/// The last time of a stream.
#[derive(Debug, Clone, Copy)]
struct Last {
    parsed: i64,
    adjusted: i64,
}

/// Sets the time.
#[derive(Debug)]
pub(crate) struct Timestamp {
    source: String,
    formats: Vec<Format>,
    zone: Zone,
    on_failure: OnFailure,
    on_duplicate: OnDuplicate,
    last: Mutex<Generations<u64, Last>>,
}

impl Timestamp {
    pub(crate) fn new(config: &TimestampConfig) -> Result<Self, ComponentError> {
        let formats = std::iter::once(&config.format).chain(&config.fallback_formats);
        let formats: Result<_, _> = formats.map(|format| Format::compile(format)).collect();
        let zone = match &config.location {
            None => Zone::utc(),
            Some(location) => Zone::named(location)
                .map_err(|error| ComponentError::with_source("find the time zone", error))?,
        };
        Ok(Self {
            source: config.source.clone(),
            formats: formats.map_err(ComponentError::new)?,
            zone,
            on_failure: config.action_on_failure,
            on_duplicate: config.action_on_duplicate_timestamp,
            last: Mutex::new(Generations::new(KNOWN_STREAMS)),
        })
    }

    fn last(&self) -> MutexGuard<'_, Generations<u64, Last>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn parse(&self, entry: &Entry<'_>, run: &mut Run) -> Option<i64> {
        let text = entry.extracted_text(&self.source)?;
        let mut formats = self.formats.iter();
        formats.find_map(|format| format.parse(&text, &self.zone, run.clock()))
    }

    fn remember(&self, stream: u64, last: Last) {
        *self.last().get_or_insert(stream, || last).0 = last;
    }
}

impl Edit for Timestamp {
    fn edit<'a>(&'a self, entry: &mut Entry<'a>, run: &mut Run) -> Verdict {
        let Some(parsed) = self.parse(entry, run) else {
            if self.on_failure == OnFailure::Fudge {
                let stream = entry.fingerprint();
                let known = self.last().get(&stream).copied();
                if let Some(last) = known {
                    entry.timestamp = last.adjusted.saturating_add(1);
                    let adjusted = entry.timestamp;
                    self.remember(stream, Last { adjusted, ..last });
                }
            }
            return Verdict::Keep;
        };
        entry.timestamp = parsed;
        if self.on_failure == OnFailure::Skip && self.on_duplicate == OnDuplicate::Keep {
            return Verdict::Keep;
        }
        let stream = entry.fingerprint();
        if self.on_duplicate == OnDuplicate::Fudge {
            let known = self.last().get(&stream).copied();
            if let Some(last) = known.filter(|last| last.parsed == parsed) {
                entry.timestamp = last.adjusted.saturating_add(1);
            }
        }
        let adjusted = entry.timestamp;
        self.remember(stream, Last { parsed, adjusted });
        Verdict::Keep
    }
}
