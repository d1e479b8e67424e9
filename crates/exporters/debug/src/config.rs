//! What the user writes.

use headwater_core::config::{Config, Optional, Validation};
use headwater_exporting::SendingQueueConfig;

/// How much is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
#[config(case_insensitive)]
pub enum Verbosity {
    /// One line per batch with its counts.
    #[default]
    Basic,
    /// One line per record.
    Normal,
    /// Every field of every record.
    Detailed,
}

/// Configuration of the `debug` exporter. Source: Go `debugexporter.Config`.
#[derive(Debug, Clone, PartialEq, Config)]
#[config(validate = Self::check)]
pub struct DebugConfig {
    /// `basic`: one line per batch; `normal`: and one per record; `detailed`: and every field.
    pub verbosity: Verbosity,
    /// How many messages with the same text are written in each second.
    pub sampling_initial: i64,
    /// Of the messages beyond that, each how manieth is written; 0 means none, 1 all.
    pub sampling_thereafter: i64,
    /// Whether messages go to the log of the process.
    pub use_internal_logger: bool,
    /// Where messages go otherwise: `stdout`, `stderr` or paths of files, which are appended to.
    /// Absent: `stdout`. Only with `use_internal_logger: false`.
    pub output_paths: Option<Vec<String>>,
    /// The queue before writing. Off by default.
    pub sending_queue: Optional<SendingQueueConfig>,
}

impl Default for DebugConfig {
    fn default() -> Self {
        Self {
            verbosity: Verbosity::Basic,
            sampling_initial: 2,
            sampling_thereafter: 1,
            use_internal_logger: true,
            output_paths: None,
            sending_queue: Optional::Default(SendingQueueConfig::default()),
        }
    }
}

impl DebugConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        match &self.output_paths {
            Some(_) if self.use_internal_logger => {
                let message = "output_paths is not supported when use_internal_logger is true";
                validation
                    .error("output_paths", message)
                    .help("write `use_internal_logger: false`");
            }
            Some(paths) if paths.is_empty() => {
                let message = "output_paths must not be empty when use_internal_logger is false";
                validation.error("output_paths", message);
            }
            _ => {}
        }
    }
}
