//! The decoders, for the fuzz targets.

use crate::groups::Translated;
use crate::{v1, v2};

/// How spans are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Zipkin v1 as JSON.
    V1Json,
    /// Zipkin v1 in Thrift's binary protocol.
    V1Thrift,
    /// Zipkin v2 as JSON.
    V2Json,
    /// Zipkin v2 as protobuf.
    V2Protobuf,
}

/// The OTLP request that a body becomes and the spans in it; `None` if it is answered 400. `parse`
/// is `parse_string_tags`.
#[must_use]
pub fn translate(format: Format, body: &[u8], parse: bool) -> Option<(Vec<u8>, usize)> {
    let translated = match format {
        Format::V1Json => v1::from_json(body, parse),
        Format::V1Thrift => v1::from_thrift(body),
        Format::V2Json => v2::from_json(body, parse),
        Format::V2Protobuf => v2::from_protobuf(body, parse),
    };
    let Translated { bytes, spans } = translated.ok()?;
    Some((bytes, spans))
}
