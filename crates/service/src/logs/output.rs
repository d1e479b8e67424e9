//! Where lines go.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use thiserror::Error;

/// A log file cannot be opened.
#[derive(Debug, Error)]
#[error("cannot open the log output {path:?}")]
pub struct OutputError {
    /// The path as configured.
    path: String,
    /// Why.
    source: io::Error,
}

enum Output {
    Stdout,
    Stderr,
    File(Mutex<File>),
}

/// Every output of a configuration.
pub(super) struct Outputs(Vec<Output>);

impl Outputs {
    pub(super) fn open(paths: &[String]) -> Result<Self, OutputError> {
        let mut outputs = Vec::new();
        for path in paths {
            outputs.push(match path.as_str() {
                "stdout" => Output::Stdout,
                "stderr" => Output::Stderr,
                _ => Output::File(Mutex::new(append(path)?)),
            });
        }
        Ok(Self(outputs))
    }

    /// Writes one line, in one call, so that lines of several threads never mix. A line that
    /// cannot be written is lost: there is nobody to tell.
    pub(super) fn write(&self, line: &str) {
        for output in &self.0 {
            let line = line.as_bytes();
            match output {
                Output::Stdout => io::stdout().lock().write_all(line),
                Output::Stderr => io::stderr().lock().write_all(line),
                Output::File(file) => file
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .write_all(line),
            }
            .ok();
        }
    }
}

fn append(path: &str) -> Result<File, OutputError> {
    let name = path.strip_prefix("file://").unwrap_or(path);
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(name)
        .map_err(|source| OutputError {
            path: path.to_owned(),
            source,
        })
}
