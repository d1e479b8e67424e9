//! `output`: an extracted value becomes the line.

use headwater_core::config::{Config, Validation};

use crate::build::check_required;
use crate::entry::Entry;
use crate::pipeline::{Edit, Run, Verdict};

/// Arguments of `output`. Source: Alloy `stages.OutputConfig`.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub(crate) struct OutputConfig {
    /// The extracted value that becomes the line. Required.
    pub(crate) source: String,
}

impl OutputConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        check_required(validation, "source", &self.source);
    }
}

/// Sets the line.
#[derive(Debug)]
pub(crate) struct Output(pub(crate) String);

impl Edit for Output {
    fn edit<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Run) -> Verdict {
        if let Some(line) = entry.extracted_text(&self.0) {
            entry.line = line;
        }
        Verdict::Keep
    }
}
