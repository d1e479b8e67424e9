//! Why a scrape failed.

use headwater_prometheus::exposition::{ContentTypeError, ParseError};
use thiserror::Error;

/// Why a scrape is worth nothing: none of its samples is handed on. The words are Prometheus's where
/// it has some.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Failure {
    /// The target did not answer, or not as it should.
    #[error("{0}")]
    Fetch(String),
    /// The answer is longer than `body_size_limit`.
    #[error("body size limit exceeded")]
    BodySize,
    /// The answer is of a kind that nobody can read, and no fallback is set.
    #[error(transparent)]
    ContentType(#[from] ContentTypeError),
    /// The answer is not what its content type says.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// More samples than `sample_limit`.
    #[error("sample limit exceeded")]
    SampleLimit,
    /// A native histogram cannot be made to fit `native_histogram_bucket_limit`.
    #[error("histogram bucket limit exceeded")]
    BucketLimit,
    /// More labels than `label_limit`.
    #[error(
        "label_limit exceeded (metric: {metric:.50}, number of labels: {found}, limit: {limit})"
    )]
    Labels {
        metric: Box<str>,
        found: usize,
        limit: u64,
    },
    /// A longer name than `label_name_length_limit`.
    #[error(
        "label_name_length_limit exceeded (metric: {metric:.50}, label name: {label:.50}, length: {found}, limit: {limit})"
    )]
    NameLength {
        metric: Box<str>,
        label: Box<str>,
        found: usize,
        limit: u64,
    },
    /// A longer value than `label_value_length_limit`.
    #[error(
        "label_value_length_limit exceeded (metric: {metric:.50}, label name: {label:.50}, value: {value:.50?}, length: {found}, limit: {limit})"
    )]
    ValueLength {
        metric: Box<str>,
        label: Box<str>,
        value: Box<str>,
        found: usize,
        limit: u64,
    },
    /// After relabelling a series has no name.
    #[error("missing metric name (__name__ label)")]
    NoName,
    /// After relabelling a series has a name that `metric_name_validation_scheme` does not allow.
    #[error("invalid metric name or label names: {0}")]
    InvalidName(Box<str>),
    /// A series names a label twice.
    #[error("invalid sample: non-unique label names: {0:?}")]
    DuplicateLabel(Box<str>),
    /// Neither the series nor the target has a job and an instance.
    #[error("job or instance cannot be found from labels")]
    NoJobOrInstance,
}
