//! `windowsevent`: the message of a Windows event, by sections.

use headwater_core::config::Config;

use super::event_log::EventLogMessageConfig;
use crate::entry::Entry;
use crate::pipeline::{Edit, Run, Verdict};

/// Arguments of `windowsevent`. Source: Alloy `stages.WindowsEventConfig`.
#[derive(Debug, Clone, Default, PartialEq, Config)]
pub(crate) struct WindowsEventConfig {
    /// What it shares with `eventlogmessage`.
    #[config(squash)]
    pub(crate) message: EventLogMessageConfig,
}

/// Reads messages of Windows events.
#[derive(Debug)]
pub(crate) struct WindowsEvent(pub(crate) WindowsEventConfig);

impl WindowsEvent {
    fn extract(&self, entry: &mut Entry<'_>, key: &str, value: &str) {
        let strip = |text: &str, also: &[char]| -> String {
            text.chars()
                .filter(|c| !matches!(c, '\t' | '\r' | '\n') && !also.contains(c))
                .collect()
        };
        if let Some(name) = self.0.message.name(&strip(key, &[' ']), entry) {
            entry.extract(name, strip(value, &[]).trim().to_owned());
        }
    }

    /// `Title:` alone in the first line of a section is put before the keys that follow.
    fn section(&self, entry: &mut Entry<'_>, section: &str) {
        let mut title: Option<&str> = None;
        let mut lines = section.split("\r\n").enumerate().peekable();
        while let Some((at, line)) = lines.next() {
            let Some((key, value)) = line.split_once(':') else {
                continue;
            };
            if value.is_empty() {
                if at == 0 {
                    title = Some(key);
                }
                continue;
            }
            let mut value = value.to_owned();
            while let Some((_, more)) =
                lines.next_if(|(_, line)| !line.is_empty() && !line.contains(':'))
            {
                value.push(',');
                value.push_str(more);
            }
            let key = title.map_or_else(|| key.to_owned(), |title| format!("{title}_{key}"));
            self.extract(entry, &key, &value);
        }
    }
}

impl Edit for WindowsEvent {
    fn edit<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Run) -> Verdict {
        let message = match self.0.message.message(entry) {
            Ok(Some(message)) => message,
            Ok(None) => return Verdict::Keep,
            Err(()) => return Verdict::Drop,
        };
        for (at, section) in message.split("\r\n\r\n").enumerate() {
            match at {
                0 => self.extract(entry, "Description", section),
                _ => self.section(entry, section),
            }
        }
        Verdict::Keep
    }
}
