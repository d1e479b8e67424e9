//! The `file_log` receiver: log files, as they are written.
//!
//! One thread reads all files of a receiver through one buffer; lines are split, run through the
//! operators and written as OTLP without being copied on the way. A file's position moves only
//! when the pipeline has taken the lines before it, and is kept in a journal that survives the
//! end of the process.

mod attributes;
mod checkpoint;
mod config;
mod delivery;
mod factory;
mod files;
mod finder;
mod fingerprint;
mod glob;
mod listed;
mod ordering;
mod positions;
mod reader;
mod receiver;
mod source;
mod watch;

pub use config::{
    CheckpointConfig, Compression, FilelogConfig as Config, HeaderConfig, OrderingConfig,
    SortConfig, StartAt, Watch,
};
pub use factory::{factory, receiver};
pub use listed::{FileLabels, FileList, Listed};

pub use headwater_logs::{Encoding, MultilineConfig, RetryConfig, TooLong};

#[cfg(feature = "register")]
headwater_core::register!(factory);
