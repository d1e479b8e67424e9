//! How entries travel as OTLP: as [`headwater_loki`] says, a resource with `loki.stream: true` is a
//! stream, its other attributes are the labels and the attributes of records structured metadata.
//!
//! Records of other resources become entries as well: see [`read`].

mod read;
mod write;

pub(crate) use headwater_loki::hints::TENANT_LABEL;
pub(crate) use read::each;
pub(crate) use write::Writer;
