//! What Loki takes and gives: push messages, label sets, line formats, and the attributes by which
//! log records say how they want to be written.
//!
//! # How a log record tells the `loki` exporter what to do
//!
//! There are two ways.
//!
//! **A stream as it is.** A resource with the attribute [`hints::STREAM`] (`loki.stream: true`) *is*
//! a stream:
//!
//! * its other attributes are the labels, with the names and values that they have. None is
//!   renamed, none is added (`exporter`, `job`, `instance` and `level` are not, only the exporter's
//!   `external_labels` are), names that begin with `__` are left out, and so are empty values;
//! * [`hints::TENANT_LABEL`] (`__tenant_id__`) among them names the tenant, if there is one;
//! * the body of a record is the line, the record's timestamp that of the entry (else the observed
//!   one);
//! * the attributes of a record are the entry's structured metadata, all of them and nothing else
//!   (no `trace_id`, no `span_id` unless they are attributes).
//!
//! Whoever has labels already writes this: one resource per label set, one scope without a name,
//! the records in order. The exporter then looks at the labels once per resource and at nothing
//! but body, time and attributes of a record. Two resources with the same labels are the same
//! stream.
//!
//! **Hints.** Without that attribute a record is OTLP, and becomes a line as the Collector and
//! Alloy make it. [`hints::ATTRIBUTE_LABELS`], [`hints::RESOURCE_LABELS`], [`hints::FORMAT`] and
//! [`hints::TENANT`] are understood as there; [`hints::ATTRIBUTE_METADATA`] and
//! [`hints::RESOURCE_METADATA`] say in the same form what becomes structured metadata. A list of
//! names is a string with commas, or an array of strings; `*` in a list of structured metadata
//! means all attributes that are not labels.

pub mod hints;
pub mod json;
pub mod label;
pub mod line;
pub mod push;
pub mod time;

/// Snappy's block format, in which push messages are compressed.
pub mod snappy {
    pub use headwater_prometheus::remote_write::{Compressor, SnappyError, decompress};
}
