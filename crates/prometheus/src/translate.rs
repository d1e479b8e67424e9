//! Between OTLP metrics and Prometheus series.
//!
//! [`Translator`] goes from OTLP to remote write: it walks the bytes of a batch, recognises each
//! series by the bytes that identify it, and writes requests of label bytes that it has kept.

mod cache;
mod config;
mod custom;
mod downgrade;
mod labels;
mod names;
mod native;
mod options;
mod pairs;
mod points;
mod records;
mod requests;
mod symbols;
mod translator;
mod units;
mod walk;

pub use config::{ResourceToTelemetryConfig, TranslationStrategy};
pub use custom::{ExplicitHistograms, custom_histogram};
pub use downgrade::downgrade;
pub use labels::{attribute_text, series_labels, target_info_labels};
pub use names::{LabelRule, NameError, NameKind, Strategy, label_name, metric_name};
pub use native::{NativeError, native_histogram};
pub use options::{Options, ResourceLabels};
pub use requests::{Counts, Request, Slice};
pub use translator::{Outcome, Refused, Translator};
pub use units::unit_name;
pub use walk::{Kind, metric_type};

/// A bound or quantile as a label has it: the shortest plain decimal.
#[must_use]
pub fn number_label(value: f64) -> String {
    if value == f64::INFINITY {
        "+Inf".to_owned()
    } else if value == f64::NEG_INFINITY {
        "-Inf".to_owned()
    } else {
        value.to_string()
    }
}

/// Nanoseconds since 1970 as milliseconds.
#[must_use]
pub const fn milliseconds(nanoseconds: u64) -> i64 {
    nanoseconds.cast_signed() / 1_000_000
}
