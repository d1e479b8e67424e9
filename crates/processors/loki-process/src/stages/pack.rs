//! `pack`: labels and line become one JSON object, which LogQL's `unpack` takes apart.

use std::borrow::Cow;

use headwater_core::config::Config;

use crate::entry::Entry;
use crate::go_json::put_string;
use crate::pipeline::{Edit, Run, Verdict};

/// Arguments of `pack`. Source: Alloy `stages.PackConfig`.
#[derive(Debug, Clone, PartialEq, Config)]
pub(crate) struct PackConfig {
    /// The extracted values that are packed, and taken away as labels. Required.
    pub(crate) labels: Vec<String>,
    /// Gives the entry the present as its time: entries of streams that become one stay in order.
    pub(crate) ingest_timestamp: bool,
}

impl Default for PackConfig {
    fn default() -> Self {
        Self {
            labels: Vec::new(),
            ingest_timestamp: true,
        }
    }
}

/// Packs labels into the line.
#[derive(Debug)]
pub(crate) struct Pack {
    /// In order, each once.
    labels: Vec<String>,
    ingest_timestamp: bool,
}

impl Pack {
    pub(crate) fn new(config: &PackConfig) -> Self {
        let mut labels = config.labels.clone();
        labels.sort();
        labels.dedup();
        Self {
            labels,
            ingest_timestamp: config.ingest_timestamp,
        }
    }
}

impl Edit for Pack {
    fn edit<'a>(&'a self, entry: &mut Entry<'a>, run: &mut Run) -> Verdict {
        let mut out = String::with_capacity(entry.line.len() + 64);
        out.push('{');
        for name in &self.labels {
            let Some(value) = entry.extracted_text(name) else {
                continue;
            };
            put_string(&mut out, name);
            out.push(':');
            put_string(&mut out, &value);
            out.push(',');
            entry.remove_label(name);
        }
        out.push_str("\"_entry\":");
        put_string(&mut out, &entry.line);
        out.push('}');
        entry.line = Cow::Owned(out);
        if self.ingest_timestamp {
            entry.timestamp = run.clock();
        }
        Verdict::Keep
    }
}
