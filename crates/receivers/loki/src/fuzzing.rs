//! The decoders, for the fuzz targets.

use headwater_loki::push::from_json;
use headwater_loki::snappy::decompress;
use headwater_prometheus::relabel::Rules;
use headwater_prometheus::scrape_config::NameValidation;

use crate::convert::{Options, convert, convert_lines, now};

/// How a push is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Protobuf compressed with snappy, as over HTTP.
    Snappy,
    /// Protobuf as it is, as over gRPC.
    Protobuf,
    /// JSON.
    Json,
    /// Lines without labels.
    Lines,
}

/// What a push has become.
#[derive(Debug)]
pub struct Push {
    /// The push message in protobuf; empty for lines.
    pub message: Vec<u8>,
    /// The OTLP request.
    pub request: Vec<u8>,
    /// Log records in the request.
    pub items: usize,
    /// Entries that cannot be taken.
    pub refused: usize,
}

/// What a body becomes that may decompress to `most` bytes; `None` if it is answered 400.
#[must_use]
pub fn read(format: Format, body: &[u8], as_streams: bool, most: usize) -> Option<Push> {
    let options = Options {
        use_incoming_timestamp: true,
        labels: Vec::new(),
        rules: Rules::new(&[], NameValidation::Legacy).ok()?,
        as_streams,
    };
    let message = match format {
        Format::Snappy => decompress(body, most).ok()?,
        Format::Protobuf => body.to_vec(),
        Format::Json => from_json(body).ok()?,
        Format::Lines => Vec::new(),
    };
    let converted = match format {
        Format::Lines => convert_lines(body, &options, now()),
        _ => convert(&message, &options, now()).ok()?,
    };
    Some(Push {
        message,
        request: converted.body,
        items: converted.items,
        refused: converted.refused,
    })
}
