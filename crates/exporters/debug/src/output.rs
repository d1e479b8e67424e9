//! Where messages go.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use headwater_core::ComponentError;

/// The standard streams or files, once they are open.
#[derive(Default)]
pub(crate) struct Output(Mutex<Vec<Box<dyn Write + Send>>>);

impl Output {
    /// Opens `paths`; files are appended to.
    pub(crate) fn open(&self, paths: &[String]) -> Result<(), ComponentError> {
        let mut writers: Vec<Box<dyn Write + Send>> = Vec::with_capacity(paths.len());
        for path in paths {
            writers.push(match path.as_str() {
                "stdout" => Box::new(io::stdout()),
                "stderr" => Box::new(io::stderr()),
                path => {
                    let file = path.strip_prefix("file://").unwrap_or(path);
                    let opened = OpenOptions::new().append(true).create(true).open(file);
                    Box::new(opened.map_err(|error| {
                        ComponentError::with_source(format!("cannot open {path}"), error)
                    })?)
                }
            });
        }
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = writers;
        Ok(())
    }

    /// Writes a message and the end of its line to all of them.
    pub(crate) fn write(&self, message: &str) -> io::Result<()> {
        let mut writers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut result = Ok(());
        for writer in writers.iter_mut() {
            let written = writer
                .write_all(message.as_bytes())
                .and_then(|()| writer.write_all(b"\n"))
                .and_then(|()| writer.flush());
            result = result.and(written);
        }
        result
    }

    /// Closes them.
    pub(crate) fn close(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}
