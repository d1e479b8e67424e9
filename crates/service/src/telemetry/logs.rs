//! `service::telemetry::logs`.

use std::time::Duration;

use headwater_core::config::{Config, Node, OrderedMap, Validation};

/// The section `logs`.
#[derive(Debug, Clone, Config)]
#[config(validate = Self::check)]
pub struct LogsConfig {
    /// From which level on lines are shown. Default: info.
    pub level: LogLevel,
    /// zap's development mode, in which warnings carry stack traces.
    #[config(ignored = "there are no stack traces")]
    pub development: bool,
    /// How a line is written. Default: console.
    pub encoding: LogEncoding,
    /// Leaves out where in the program the line comes from. Default: false.
    pub disable_caller: bool,
    /// Leaves out stack traces.
    #[config(ignored = "there are no stack traces")]
    pub disable_stacktrace: bool,
    /// Which repetitions are left out.
    pub sampling: LogSamplingConfig,
    /// Where lines go: `stdout`, `stderr`, paths of files. Default: stderr.
    pub output_paths: Vec<String>,
    /// Where errors of the logger itself go.
    #[config(ignored = "a line that cannot be written is lost")]
    pub error_output_paths: Vec<String>,
    /// Fields that every line carries.
    pub initial_fields: OrderedMap<Node>,
    /// Leaves `resource` out of the lines. Default: false.
    pub disable_zap_resource: bool,
    /// Where to send lines besides the outputs.
    pub processors: Vec<Node>,
}

impl Default for LogsConfig {
    fn default() -> Self {
        Self {
            level: LogLevel::default(),
            development: false,
            encoding: LogEncoding::default(),
            disable_caller: false,
            disable_stacktrace: false,
            sampling: LogSamplingConfig::default(),
            output_paths: vec!["stderr".to_owned()],
            error_output_paths: vec!["stderr".to_owned()],
            initial_fields: OrderedMap::default(),
            disable_zap_resource: false,
            processors: Vec::new(),
        }
    }
}

impl LogsConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        if !self.processors.is_empty() {
            validation
                .warning("processors", "own log lines are not exported yet")
                .help("collect them from the standard error stream");
        }
    }
}

/// From which level on lines are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
#[config(case_insensitive)]
pub enum LogLevel {
    /// Everything, lines of libraries included.
    Debug,
    /// What an operator wants to know.
    #[default]
    #[config(alias = "")]
    Info,
    /// What needs attention.
    #[config(alias = "warning")]
    Warn,
    /// What went wrong.
    Error,
    /// zap's level above error; nothing is logged there.
    #[config(rename = "dpanic")]
    DPanic,
    /// Nothing is logged there.
    Panic,
    /// Nothing is logged there.
    Fatal,
}

impl LogLevel {
    pub(crate) const fn to_tracing(self) -> Option<tracing::Level> {
        match self {
            Self::Debug => Some(tracing::Level::DEBUG),
            Self::Info => Some(tracing::Level::INFO),
            Self::Warn => Some(tracing::Level::WARN),
            Self::Error => Some(tracing::Level::ERROR),
            Self::DPanic | Self::Panic | Self::Fatal => None,
        }
    }
}

/// How a line is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub enum LogEncoding {
    /// Separated by tabs.
    #[default]
    #[config(alias = "")]
    Console,
    /// One JSON object per line.
    Json,
}

/// Which repetitions are left out: of lines with the same level and message, in each tick.
#[derive(Debug, Clone, Config)]
pub struct LogSamplingConfig {
    /// Whether anything is left out. Default: true.
    pub enabled: bool,
    /// How long a tick is. Default: 10s.
    pub tick: Duration,
    /// How many lines are shown first. Default: 10.
    pub initial: u64,
    /// After those one line in so many is shown; 0 shows none. Default: 100.
    pub thereafter: u64,
}

impl Default for LogSamplingConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            tick: Duration::from_secs(10),
            initial: 10,
            thereafter: 100,
        }
    }
}
