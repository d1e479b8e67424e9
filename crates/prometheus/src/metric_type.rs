//! The types that a metric family can have.

use std::fmt;

/// The type of a metric family, the union of what the formats know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MetricType {
    /// A value that only grows, except for resets.
    Counter,
    /// A value that goes up and down.
    Gauge,
    /// Cumulative buckets, a sum and a count; also a native histogram.
    Histogram,
    /// A histogram whose buckets may shrink (OpenMetrics and protobuf only).
    GaugeHistogram,
    /// Quantiles, a sum and a count.
    Summary,
    /// Labels that describe the target, with the value 1 (OpenMetrics only).
    Info,
    /// Which states hold, each a series of 0 or 1 (OpenMetrics only).
    Stateset,
    /// `untyped` in text 0.0.4, `unknown` in OpenMetrics; also what has no type.
    #[default]
    Unknown,
}

impl MetricType {
    /// The word of text 0.0.4 as Prometheus reads it; `None` for any other.
    #[must_use]
    pub const fn from_text(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"counter" => Self::Counter,
            b"gauge" => Self::Gauge,
            b"histogram" => Self::Histogram,
            b"summary" => Self::Summary,
            b"untyped" => Self::Unknown,
            _ => return None,
        })
    }

    /// The word of OpenMetrics; `None` for any other.
    #[must_use]
    pub const fn from_openmetrics(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"counter" => Self::Counter,
            b"gauge" => Self::Gauge,
            b"histogram" => Self::Histogram,
            b"gaugehistogram" => Self::GaugeHistogram,
            b"summary" => Self::Summary,
            b"info" => Self::Info,
            b"stateset" => Self::Stateset,
            b"unknown" => Self::Unknown,
            _ => return None,
        })
    }

    /// The word of OpenMetrics and of Prometheus's metadata: `counter`, …, `unknown`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::GaugeHistogram => "gaugehistogram",
            Self::Summary => "summary",
            Self::Info => "info",
            Self::Stateset => "stateset",
            Self::Unknown => "unknown",
        }
    }

    /// The nearest word of text 0.0.4: what that format lacks is a gauge or a histogram.
    #[must_use]
    pub const fn as_text(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge | Self::Info | Self::Stateset => "gauge",
            Self::Histogram | Self::GaugeHistogram => "histogram",
            Self::Summary => "summary",
            Self::Unknown => "untyped",
        }
    }

    /// The number of remote write's metadata, the same in 1.0 and 2.0.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::Counter => 1,
            Self::Gauge => 2,
            Self::Histogram => 3,
            Self::GaugeHistogram => 4,
            Self::Summary => 5,
            Self::Info => 6,
            Self::Stateset => 7,
        }
    }

    /// The type of a number in remote write's metadata; numbers that nobody knows are unknown.
    #[must_use]
    pub const fn from_number(number: u64) -> Self {
        match number {
            1 => Self::Counter,
            2 => Self::Gauge,
            3 => Self::Histogram,
            4 => Self::GaugeHistogram,
            5 => Self::Summary,
            6 => Self::Info,
            7 => Self::Stateset,
            _ => Self::Unknown,
        }
    }

    /// Whether series of this type have a start time.
    #[must_use]
    pub const fn has_start(self) -> bool {
        matches!(self, Self::Counter | Self::Histogram | Self::Summary)
    }
}

impl fmt::Display for MetricType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
