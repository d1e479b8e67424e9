//! Metrics whose points are converted one by one: what they are, which stream a point belongs to,
//! and how they are put together again.

use headwater_core::bytes::Bytes;
use headwater_core::pdata::edit::{MetricEditor, ResourceEditor, ScopeEditor, Verdict, put_nested};
use headwater_core::pdata::owned;
use headwater_core::pdata::view::{Attributes, Metric, MetricData};
use headwater_core::pdata::wire::{Fields, WireType};

use crate::point::{Kind, Temporality, put_number};
use crate::{Fingerprint, Fingerprints};

/// A metric that has a temporality.
#[derive(Debug, Clone, Copy)]
pub struct MetricParts<'a> {
    /// The metric.
    pub metric: Metric<'a>,
    /// What its points are.
    pub kind: Kind,
    /// 1 delta, 2 cumulative, 0 unspecified.
    pub temporality: i32,
    /// Whether it only grows, as distributions do.
    pub is_monotonic: bool,
}

impl<'a> MetricParts<'a> {
    /// The metric in `bytes`; `None` if it has no temporality.
    #[must_use]
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let metric = Metric::new(bytes);
        let (kind, temporality, is_monotonic) = match metric.data()? {
            MetricData::Sum(data) => (
                Kind::Sum,
                data.aggregation_temporality(),
                data.is_monotonic(),
            ),
            MetricData::Histogram(data) => (Kind::Histogram, data.aggregation_temporality(), true),
            MetricData::ExponentialHistogram(data) => (
                Kind::ExponentialHistogram,
                data.aggregation_temporality(),
                true,
            ),
            MetricData::Gauge(_) | MetricData::Summary(_) => return None,
        };
        Some(Self {
            metric,
            kind,
            temporality,
            is_monotonic,
        })
    }
}

/// Which stream a point belongs to: what stands around it, in a fingerprint.
#[derive(Debug, Default)]
pub struct Streams {
    prints: Fingerprints,
    resource: Fingerprint,
    scope: Fingerprint,
    metric: Fingerprint,
    buffer: Vec<u8>,
}

impl Streams {
    /// Goes on to another resource.
    pub fn resource(&mut self, resource: &mut ResourceEditor<'_>) {
        let attributes = resource.attributes();
        self.resource = self.prints.of_pairs(attributes.iter());
        // Entries without a scope do not show one.
        self.scope = 0;
    }

    /// Goes on to another scope.
    pub fn scope(&mut self, scope: &mut ScopeEditor<'_>) {
        self.buffer.clear();
        for text in [scope.name(), scope.version()] {
            put_length(&mut self.buffer, text.as_bytes());
        }
        let attributes = self.prints.of_pairs(scope.attributes().iter());
        self.buffer.extend_from_slice(&attributes.to_le_bytes());
        self.scope = self.prints.of(&self.buffer);
    }

    /// Goes on to another metric.
    pub fn metric(&mut self, parts: &MetricParts<'_>) {
        self.buffer.clear();
        self.buffer.extend_from_slice(&self.resource.to_le_bytes());
        self.buffer.extend_from_slice(&self.scope.to_le_bytes());
        self.buffer
            .extend_from_slice(&[parts.kind as u8, u8::from(parts.is_monotonic)]);
        for text in [parts.metric.name(), parts.metric.unit()] {
            put_length(&mut self.buffer, text.as_bytes());
        }
        self.metric = self.prints.of(&self.buffer);
    }

    /// The stream of a point of this metric with these attributes; `more` is whatever else tells
    /// streams apart.
    #[must_use]
    pub fn stream(&self, attributes: Attributes<'_>, more: u64) -> Fingerprint {
        let attributes = self.prints.of_attributes(attributes);
        let mut bytes = [0; 40];
        bytes[..16].copy_from_slice(&self.metric.to_le_bytes());
        bytes[16..32].copy_from_slice(&attributes.to_le_bytes());
        bytes[32..].copy_from_slice(&more.to_le_bytes());
        self.prints.of(&bytes)
    }

    /// A fingerprint of numbers, such as bounds.
    #[must_use]
    pub fn numbers(&self, numbers: impl Iterator<Item = f64>) -> Fingerprint {
        let bytes: Vec<u8> = numbers
            .flat_map(|number| number.to_bits().to_le_bytes())
            .collect();
        self.prints.of(&bytes)
    }
}

fn put_length(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
}

/// Converts the points of a metric: `convert` is shown each and appends what takes its place, or
/// returns false if nothing does. The metric then has `temporality`; one without points is
/// dropped.
pub fn convert(
    editor: &mut MetricEditor<'_>,
    temporality: Temporality,
    convert: impl FnMut(&[u8], &mut Vec<u8>) -> bool,
) -> Verdict {
    let Some(metric) = in_one_piece(editor.message()) else {
        return Verdict::Keep;
    };
    let mut out = Vec::with_capacity(metric.len() + 32);
    if write(&metric, temporality, &mut out, convert) == 0 {
        return Verdict::Drop;
    }
    editor.replace_with(|scratch| scratch.extend_from_slice(&out));
    Verdict::Keep
}

const fn is_data(number: u32) -> bool {
    matches!(number, 5 | 7 | 9 | 10 | 11)
}

/// The metric with all its points in one field, as nearly everybody sends it.
fn in_one_piece(metric: Bytes) -> Option<Bytes> {
    let data = Fields::new(&metric)
        .map_while(Result::ok)
        .filter(|field| is_data(field.number));
    if data.count() <= 1 {
        return Some(metric);
    }
    let mut out = Vec::with_capacity(metric.len());
    owned::Metric::decode(&metric).ok()?.encode_to(&mut out);
    Some(out.into())
}

/// Says how many points are left.
fn write(
    metric: &[u8],
    temporality: Temporality,
    out: &mut Vec<u8>,
    mut convert: impl FnMut(&[u8], &mut Vec<u8>) -> bool,
) -> usize {
    let mut points = 0;
    for field in Fields::new(metric).map_while(Result::ok) {
        if !is_data(field.number) || field.wire_type != WireType::Len {
            out.extend_from_slice(field.raw(metric));
            continue;
        }
        let data = field.bytes(metric);
        put_nested(out, field.number, |out| {
            for field in Fields::new(data).map_while(Result::ok) {
                match (field.number, field.wire_type) {
                    (1, WireType::Len) => {
                        let before = out.len();
                        let mut is_kept = false;
                        put_nested(out, 1, |out| is_kept = convert(field.bytes(data), out));
                        if is_kept {
                            points += 1;
                        } else {
                            out.truncate(before);
                        }
                    }
                    (2, WireType::Varint) => {}
                    _ => out.extend_from_slice(field.raw(data)),
                }
            }
            put_number(out, 2, temporality as u64);
        });
    }
    points
}

/// Appends the fields of a point but those in `without`.
pub fn copy_point(point: &[u8], without: &[u32], out: &mut Vec<u8>) {
    for field in Fields::new(point).map_while(Result::ok) {
        if !without.contains(&field.number) {
            out.extend_from_slice(field.raw(point));
        }
    }
}
