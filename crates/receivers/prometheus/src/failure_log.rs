//! `scrape_failure_log_file`: failed scrapes as lines of JSON.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;

use crate::targets::TargetState;
use crate::time::rfc3339;

/// A file that grows by a line for each failed scrape. It is opened anew for each, so that it can be
/// rotated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FailureLog(PathBuf);

impl FailureLog {
    /// The log at `path`; none without a path.
    pub(crate) fn new(path: &str) -> Option<Self> {
        (!path.is_empty()).then(|| Self(path.into()))
    }

    /// Appends a line in Prometheus's keys.
    pub(crate) fn write(&self, state: &TargetState, error: &str, time: Duration) -> io::Result<()> {
        let mut line = json!({
            "time": rfc3339(time),
            "level": "ERROR",
            "msg": error,
            "job_name": &*state.job,
            "target": state.target().url,
        })
        .to_string();
        line.push('\n');
        let mut file = OpenOptions::new().create(true).append(true).open(&self.0)?;
        file.write_all(line.as_bytes())
    }
}
