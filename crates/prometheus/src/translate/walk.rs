//! Metrics and points as they stand in the bytes.

use headwater_core::pdata::view::{Attributes, KeyValue, Metric};
use headwater_core::pdata::wire::{Field, WireType, read_field};

use super::names::NameKind;
use crate::remote_write::MetricType;

/// The fields of a message, up to where it stops being one.
pub(super) struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Walk<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The messages of field `number`.
    pub(super) fn messages(self, number: u32) -> impl Iterator<Item = &'a [u8]> {
        let bytes = self.bytes;
        self.filter(move |field| field.number == number && field.wire_type == WireType::Len)
            .map(move |field| field.bytes(bytes))
    }
}

impl Iterator for Walk<'_> {
    type Item = Field;

    #[inline]
    fn next(&mut self) -> Option<Field> {
        read_field(self.bytes, &mut self.at).ok().flatten()
    }
}

/// The kind of a metric's points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Gauge.
    Gauge,
    /// Sum.
    Sum {
        /// Whether it only grows.
        monotonic: bool,
    },
    /// Histogram with explicit bounds.
    Histogram,
    /// Exponential histogram.
    ExponentialHistogram,
    /// Summary.
    Summary,
}

impl Kind {
    /// What the suffix of the name depends on.
    #[must_use]
    pub const fn name_kind(self) -> NameKind {
        match self {
            Self::Sum { monotonic: true } => NameKind::Counter,
            Self::Gauge => NameKind::Gauge,
            _ => NameKind::Other,
        }
    }

    const fn number(self) -> u8 {
        match self {
            Self::Gauge => 0,
            Self::Sum { monotonic: false } => 1,
            Self::Sum { monotonic: true } => 2,
            Self::Histogram => 3,
            Self::ExponentialHistogram => 4,
            Self::Summary => 5,
        }
    }
}

/// The type of a metric for Prometheus. `prometheus.type` in its metadata brings types back that
/// OTLP does not have.
#[must_use]
pub fn metric_type(kind: Kind, metadata: Attributes<'_>) -> MetricType {
    let said = |word: &str| {
        metadata
            .get("prometheus.type")
            .and_then(|value| value.as_text())
            .is_some_and(|text| text == word)
    };
    match kind {
        Kind::Gauge if said("unknown") => MetricType::Unknown,
        Kind::Sum { monotonic: true } => MetricType::Counter,
        Kind::Sum { .. } if said("info") => MetricType::Info,
        Kind::Sum { .. } if said("stateset") => MetricType::Stateset,
        Kind::Gauge | Kind::Sum { .. } => MetricType::Gauge,
        Kind::Histogram | Kind::ExponentialHistogram => MetricType::Histogram,
        Kind::Summary => MetricType::Summary,
    }
}

/// A metric's header, and where its points are.
pub(super) struct Header<'a> {
    pub(super) metric: Metric<'a>,
    /// What identifies the metric: everything but its points.
    pub(super) identity: Vec<u8>,
    /// `None` if there is no data.
    pub(super) kind: Option<Kind>,
    /// 1 delta, 2 cumulative.
    pub(super) temporality: u64,
    /// The data fields, as a rule one.
    pub(super) data: Vec<&'a [u8]>,
}

impl<'a> Header<'a> {
    /// Reads `metric`, with buffers that were used before.
    pub(super) fn read(metric: &'a [u8], mut identity: Vec<u8>, mut data: Vec<&'a [u8]>) -> Self {
        identity.clear();
        data.clear();
        let mut number = 0;
        for field in Walk::new(metric) {
            match field.number {
                5 | 7 | 9 | 10 | 11 if field.wire_type == WireType::Len => {
                    // Another kind replaces what came before, the same adds to it.
                    if number != field.number {
                        data.clear();
                    }
                    number = field.number;
                    data.push(field.bytes(metric));
                }
                1 | 2 | 3 | 12 => identity.extend_from_slice(field.raw(metric)),
                _ => {}
            }
        }
        let (mut temporality, mut monotonic) = (0, false);
        for bytes in &data {
            for field in Walk::new(bytes).filter(|field| field.wire_type == WireType::Varint) {
                match field.number {
                    2 => temporality = field.bits(bytes),
                    3 => monotonic = field.bits(bytes) != 0,
                    _ => {}
                }
            }
        }
        let kind = match number {
            5 => Some(Kind::Gauge),
            7 => Some(Kind::Sum { monotonic }),
            9 => Some(Kind::Histogram),
            10 => Some(Kind::ExponentialHistogram),
            11 => Some(Kind::Summary),
            _ => None,
        };
        identity.push(kind.map_or(u8::MAX, Kind::number));
        Self {
            metric: Metric::new(metric),
            identity,
            kind,
            temporality,
            data,
        }
    }

    pub(super) fn points(&self) -> impl Iterator<Item = &'a [u8]> + use<'a, '_> {
        self.data
            .iter()
            .flat_map(|data| Walk::new(data).messages(1))
    }
}

/// The attribute fields of a point: a slice of it in the usual case that they stand together.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Range {
    from: usize,
    to: usize,
    scattered: bool,
}

impl Range {
    #[inline]
    pub(super) fn add(&mut self, field: &Field) {
        if self.to == 0 {
            self.from = field.start;
        } else if self.to != field.start {
            self.scattered = true;
        }
        self.to = field.end;
    }

    /// The fields; copied to `scratch` if others stand between them.
    #[inline]
    pub(super) fn bytes<'b>(
        self,
        point: &'b [u8],
        number: u32,
        scratch: &'b mut Vec<u8>,
    ) -> &'b [u8] {
        if !self.scattered {
            return &point[self.from..self.to];
        }
        scratch.clear();
        for field in Walk::new(point).filter(|field| field.number == number) {
            scratch.extend_from_slice(field.raw(point));
        }
        scratch
    }
}

/// A number, as a gauge or sum has it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Number {
    pub(super) attributes: Range,
    /// Unit: nanoseconds since 1970.
    pub(super) start: u64,
    /// Unit: nanoseconds since 1970.
    pub(super) time: u64,
    /// The bits of the value as a float.
    pub(super) value: u64,
    pub(super) flags: u64,
    pub(super) exemplars: bool,
}

impl Number {
    /// The field of its attributes.
    pub(super) const ATTRIBUTES: u32 = 7;

    #[inline]
    pub(super) fn read(point: &[u8]) -> Self {
        let mut this = Self::default();
        for field in Walk::new(point) {
            match (field.number, field.wire_type) {
                (7, WireType::Len) => this.attributes.add(&field),
                (2, WireType::Fixed64) => this.start = field.bits(point),
                (3, WireType::Fixed64) => this.time = field.bits(point),
                (4, WireType::Fixed64) => this.value = field.bits(point),
                (6, WireType::Fixed64) => {
                    this.value = (field.bits(point).cast_signed() as f64).to_bits();
                }
                (5, WireType::Len) => this.exemplars = true,
                (8, WireType::Varint) => this.flags = field.bits(point),
                _ => {}
            }
        }
        this
    }
}

/// The attribute fields `number` of a point.
pub(super) fn attributes_of(point: &[u8], number: u32) -> Range {
    let mut range = Range::default();
    for field in Walk::new(point).filter(|f| f.number == number && f.wire_type == WireType::Len) {
        range.add(&field);
    }
    range
}

/// An attribute's name and value, for labels of exemplars.
pub(super) fn entry_text(entry: &KeyValue<'_>) -> (String, String) {
    let name = entry.key().to_lossy().into_owned();
    (name, super::attribute_text(&entry.value()))
}
