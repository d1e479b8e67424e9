//! The messages of remote write 1.0 and 2.0. Source: "Prometheus Remote-Write 1.0 specification"
//! and "2.0 specification"; `prompb/remote.proto`, `prompb/io/prometheus/write/v2/types.proto`.
//!
//! Encoders append to a byte buffer ([`encode`]), the decoder walks a message in place ([`read()`]).

pub mod encode;
mod histogram;
mod read;
mod snappy;

pub use crate::metric_type::MetricType;
pub use histogram::{BucketSpan, Buckets, Count, Histogram};
pub use read::{Exemplar, Metadata, ReadError, Sample, Series, read};
pub use snappy::{Compressor, SnappyError, decompress};

/// The bits of the NaN that ends a series.
pub const STALE_NAN: u64 = crate::exposition::STALE_NAN.to_bits();

/// The header that says which version a sender writes.
pub const VERSION_HEADER: &str = "x-prometheus-remote-write-version";
/// The header in which a receiver of 2.0 counts the samples that it wrote.
pub const SAMPLES_WRITTEN: &str = "x-prometheus-remote-write-samples-written";
/// The header in which a receiver of 2.0 counts the histograms that it wrote.
pub const HISTOGRAMS_WRITTEN: &str = "x-prometheus-remote-write-histograms-written";
/// The header in which a receiver of 2.0 counts the exemplars that it wrote.
pub const EXEMPLARS_WRITTEN: &str = "x-prometheus-remote-write-exemplars-written";

/// Which of the two messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Message {
    /// `prometheus.WriteRequest`, remote write 1.0.
    #[default]
    V1,
    /// `io.prometheus.write.v2.Request`, remote write 2.0.
    V2,
}

impl Message {
    /// The full name of the protobuf message.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::V1 => "prometheus.WriteRequest",
            Self::V2 => "io.prometheus.write.v2.Request",
        }
    }

    /// What a sender writes as `Content-Type`.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::V1 => "application/x-protobuf",
            Self::V2 => "application/x-protobuf;proto=io.prometheus.write.v2.Request",
        }
    }

    /// What a sender writes into [`VERSION_HEADER`].
    #[must_use]
    pub const fn version(self) -> &'static str {
        match self {
            Self::V1 => "0.1.0",
            Self::V2 => "2.0.0",
        }
    }

    /// The message that a `Content-Type` names: 1.0 without a `proto` parameter, `None` for
    /// anything that is not remote write.
    #[must_use]
    pub fn from_content_type(value: &str) -> Option<Self> {
        let mut parts = value.split(';').map(str::trim);
        if !parts.next()?.eq_ignore_ascii_case("application/x-protobuf") {
            return None;
        }
        for part in parts {
            let Some((name, value)) = part.split_once('=') else {
                continue;
            };
            if name.trim().eq_ignore_ascii_case("proto") {
                let value = value.trim().trim_matches('"');
                return [Self::V1, Self::V2]
                    .into_iter()
                    .find(|message| message.name() == value);
            }
        }
        Some(Self::V1)
    }
}

#[cfg(test)]
mod tests {
    use super::Message;

    #[test]
    fn content_types_name_the_message() {
        for (value, message) in [
            ("application/x-protobuf", Some(Message::V1)),
            ("application/x-protobuf; charset=x", Some(Message::V1)),
            (
                "application/x-protobuf;proto=prometheus.WriteRequest",
                Some(Message::V1),
            ),
            (
                "Application/X-Protobuf; Proto=\"io.prometheus.write.v2.Request\"",
                Some(Message::V2),
            ),
            (
                "application/x-protobuf;proto=io.prometheus.write.v3.Request",
                None,
            ),
            ("application/json", None),
            ("", None),
        ] {
            assert_eq!(Message::from_content_type(value), message, "{value}");
        }
        for message in [Message::V1, Message::V2] {
            assert_eq!(
                Message::from_content_type(message.content_type()),
                Some(message)
            );
        }
    }
}
