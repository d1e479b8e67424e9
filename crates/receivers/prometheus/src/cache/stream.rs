//! Streams: the OTLP metrics of a target, each of one resource and one scope.

use std::collections::HashMap;

use headwater_core::pdata::wire::{WireType, put_len_field, put_tag, put_varint};
use headwater_prometheus::exposition::MetricType;

use super::families::Family;
use crate::resource::put_attribute;

/// The kinds of OTLP metrics that are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum Kind {
    #[default]
    Gauge,
    /// Cumulative.
    Sum {
        /// Whether it only grows.
        monotonic: bool,
    },
    Histogram,
    Summary,
    Exponential,
}

impl Kind {
    /// What classic series of a family become.
    pub(crate) const fn of(family: MetricType) -> Self {
        match family {
            MetricType::Counter => Self::Sum { monotonic: true },
            MetricType::Info | MetricType::Stateset => Self::Sum { monotonic: false },
            MetricType::Histogram => Self::Histogram,
            MetricType::Summary => Self::Summary,
            MetricType::Gauge | MetricType::GaugeHistogram | MetricType::Unknown => Self::Gauge,
        }
    }

    /// The field of `Metric` that holds the data.
    pub(crate) const fn data_field(self) -> u32 {
        match self {
            Self::Gauge => 5,
            Self::Sum { .. } => 7,
            Self::Histogram => 9,
            Self::Exponential => 10,
            Self::Summary => 11,
        }
    }

    /// The field of a data point that holds its attributes.
    pub(crate) const fn attributes_field(self) -> u32 {
        match self {
            Self::Gauge | Self::Sum { .. } | Self::Summary => 7,
            Self::Histogram => 9,
            Self::Exponential => 1,
        }
    }

    /// What follows the data points: temporality and monotonicity.
    pub(crate) const fn trailer(self) -> &'static [u8] {
        match self {
            Self::Gauge | Self::Summary => &[],
            Self::Sum { monotonic: true } => &[0x10, 2, 0x18, 1],
            Self::Sum { monotonic: false } | Self::Histogram | Self::Exponential => &[0x10, 2],
        }
    }

    /// The label that is structure in this kind and no attribute.
    pub(crate) const fn structural_label(self) -> &'static str {
        match self {
            Self::Histogram | Self::Exponential => "le",
            Self::Summary => "quantile",
            Self::Gauge | Self::Sum { .. } => "",
        }
    }
}

/// One metric of one resource and scope.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    pub(crate) resource: u32,
    pub(crate) scope: u32,
    pub(crate) kind: Kind,
    /// The name before suffixes are trimmed.
    pub(crate) name: Box<str>,
    /// The family that described it.
    pub(crate) family: Box<str>,
    /// Name, description, unit and metadata, encoded.
    pub(crate) header: Box<[u8]>,
    /// Series and groups that belong to it.
    pub(crate) users: u32,
    /// The scrape in which it got its rank.
    pub(crate) marked: u32,
    /// Its place among the streams of that scrape.
    pub(crate) rank: u32,
    /// Numbers by the hash of their attributes, once a start time was seen.
    pub(crate) numbers: Option<HashMap<u64, Number>>,
}

/// A number of a stream whose start times are known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Number {
    pub(crate) series: u32,
    /// Nanoseconds, 0 for none.
    pub(crate) start: u64,
}

impl Default for Number {
    fn default() -> Self {
        Self {
            series: super::NONE,
            start: 0,
        }
    }
}

impl Stream {
    /// Encodes everything of the metric but its data.
    pub(crate) fn describe(&mut self, family: &Family, trim_suffixes: bool) {
        let mut out = Vec::new();
        let name = if trim_suffixes {
            crate::words::trim_suffixes(&self.name, self.kind, &family.unit)
        } else {
            &self.name
        };
        put_len_field(&mut out, 1, name.as_bytes());
        if !family.help.is_empty() {
            put_len_field(&mut out, 2, family.help.as_bytes());
        }
        if !family.unit.is_empty() {
            put_len_field(&mut out, 3, crate::words::ucum(&family.unit).as_bytes());
        }
        let word = match self.kind {
            Kind::Exponential => MetricType::Histogram.as_str(),
            _ => family.kind.as_str(),
        };
        put_attribute(&mut out, 12, "prometheus.type", word);
        self.header = out.into();
    }
}

/// The resource of one job and instance.
#[derive(Debug, Default)]
pub(crate) struct Resource {
    pub(crate) job: Box<str>,
    pub(crate) instance: Box<str>,
    /// The encoded `Resource` message.
    pub(crate) encoded: Box<[u8]>,
    pub(crate) users: u32,
    /// The `target_info` that was last seen, and in which scrape.
    pub(crate) info: Option<(u32, u32)>,
}

/// An instrumentation scope.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Scope {
    /// The encoded `InstrumentationScope` message.
    pub(crate) encoded: Box<[u8]>,
    pub(crate) schema_url: Box<str>,
    pub(crate) users: u32,
}

/// Labels that say which scope a series is from begin with this.
pub(crate) const SCOPE_PREFIX: &str = "otel_scope_";

impl Scope {
    /// The scope that the labels name, or the receiver's own.
    pub(crate) fn of<'a>(
        labels: impl Iterator<Item = (&'a str, &'a str)>,
        own: (&'a str, &'a str),
    ) -> Self {
        let (mut name, mut version, mut schema_url) = ("", "", "");
        let mut attributes = Vec::new();
        let mut own_scope = true;
        for (label, value) in labels {
            let Some(key) = label.strip_prefix(SCOPE_PREFIX) else {
                continue;
            };
            own_scope = false;
            match key {
                "name" => name = value,
                "version" => version = value,
                "schema_url" => schema_url = value,
                _ => put_attribute(&mut attributes, 3, key, value),
            }
        }
        if own_scope {
            (name, version) = own;
        }
        let mut encoded = Vec::new();
        for (number, text) in [(1, name), (2, version)] {
            if !text.is_empty() {
                put_len_field(&mut encoded, number, text.as_bytes());
            }
        }
        encoded.extend_from_slice(&attributes);
        Self {
            encoded: encoded.into(),
            schema_url: schema_url.into(),
            users: 0,
        }
    }
}

/// The series of one histogram or summary data point.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) stream: u32,
    pub(crate) attributes: Box<[u8]>,
    pub(crate) users: u32,
    /// Nanoseconds, 0 for none.
    pub(crate) start: u64,
    /// The scrape of `first` and `last`.
    pub(crate) seen: u32,
    /// The first of its samples in that scrape.
    pub(crate) first: u32,
    pub(crate) last: u32,
    /// The scrape in which its data point was written.
    pub(crate) written: u32,
}

/// Appends tag and length of a nested message.
pub(crate) fn put_header(out: &mut Vec<u8>, number: u32, length: usize) {
    put_tag(out, number, WireType::Len);
    put_varint(out, length as u64);
}
