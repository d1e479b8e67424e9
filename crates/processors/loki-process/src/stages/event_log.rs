//! `eventlogmessage`: the message of a Windows event, one key a line. `windowsevent` is better.

use headwater_core::config::{Config, Validation};

use crate::entry::{Entry, Text};
use crate::label::{is_legacy, sanitize};
use crate::pipeline::{Edit, Run, Verdict};

/// Arguments of `eventlogmessage`, and of `windowsevent`. Source: Alloy
/// `stages.EventLogMessageConfig`.
#[derive(Debug, Clone, PartialEq, Config)]
#[config(validate = Self::check)]
pub(crate) struct EventLogMessageConfig {
    /// The extracted value that holds the message.
    pub(crate) source: String,
    /// Leaves keys out that are no name of a label, instead of changing them.
    pub(crate) drop_invalid_labels: bool,
    /// Overwrites extracted values of the same name instead of appending `_extracted` to the name.
    pub(crate) overwrite_existing: bool,
}

impl Default for EventLogMessageConfig {
    fn default() -> Self {
        Self {
            source: "message".to_owned(),
            drop_invalid_labels: false,
            overwrite_existing: false,
        }
    }
}

impl EventLogMessageConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        if !is_legacy(&self.source) {
            let message = format!("invalid label name: {}", self.source);
            validation.error("source", message);
        }
    }

    /// The name under which a key is extracted; none if it is left out.
    pub(super) fn name(&self, key: &str, entry: &Entry<'_>) -> Option<String> {
        let mut name = if is_legacy(key) {
            key.to_owned()
        } else if self.drop_invalid_labels {
            return None;
        } else {
            sanitize(key)
        };
        if !self.overwrite_existing && entry.has_extracted(&name) {
            name.push_str("_extracted");
        }
        Some(name)
    }

    /// The message; the error is a value without text, whose entry is dropped.
    pub(super) fn message<'a>(&self, entry: &Entry<'a>) -> Result<Option<Text<'a>>, ()> {
        match entry.extracted(&self.source) {
            None => Ok(None),
            Some(value) => value.text().map(Some).ok_or(()),
        }
    }
}

/// Reads messages of Windows events.
#[derive(Debug)]
pub(crate) struct EventLogMessage(pub(crate) EventLogMessageConfig);

impl Edit for EventLogMessage {
    fn edit<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Run) -> Verdict {
        let message = match self.0.message(entry) {
            Ok(Some(message)) => message,
            Ok(None) => return Verdict::Keep,
            Err(()) => return Verdict::Drop,
        };
        for line in message.split("\r\n") {
            if let Some((key, value)) = line.split_once(':')
                && let Some(name) = self.0.name(key, entry)
            {
                entry.extract(name, value.trim().to_owned());
            }
        }
        Verdict::Keep
    }
}
