//! Delimited `io.prometheus.client.MetricFamily` messages.

use headwater_core::pdata::wire::{WireType, put_len_field, put_tag, put_varint, varint_len};

use super::{
    BucketPoint, EncodeError, Encoder, ExemplarPoint, FamilyHead, MetricPoint, PointValue, check,
};
use crate::exposition::native::{Counts, NativeHistogram, Span};
use crate::metric_type::MetricType;

/// Appends a family and says whether it has any metric.
pub(super) fn family<'m>(
    encoder: &mut Encoder,
    out: &mut Vec<u8>,
    head: &FamilyHead<'_>,
    metrics: impl IntoIterator<Item = MetricPoint<'m>>,
) -> Result<bool, EncodeError> {
    let mut buffer = std::mem::take(&mut encoder.metric);
    buffer.clear();
    put_len_field(&mut buffer, 1, head.name.as_bytes());
    if let Some(help) = head.help {
        put_len_field(&mut buffer, 2, help.as_bytes());
    }
    put_varint_field(&mut buffer, 3, type_number(head.kind));
    let mut any = false;
    let mut result = Ok(());
    for metric in metrics {
        result = check(head.kind, &metric.value);
        if result.is_err() {
            break;
        }
        any = true;
        nested(&mut buffer, 4, |out| {
            put_metric(encoder, out, head.kind, &metric)
        });
    }
    if let Some(unit) = head.unit.filter(|unit| !unit.is_empty()) {
        put_len_field(&mut buffer, 5, unit.as_bytes());
    }
    if result.is_ok() {
        put_varint(out, buffer.len() as u64);
        out.extend_from_slice(&buffer);
    }
    encoder.metric = buffer;
    result.map(|()| any)
}

/// What the format lacks is a gauge.
const fn type_number(kind: MetricType) -> u64 {
    match kind {
        MetricType::Counter => 0,
        MetricType::Gauge | MetricType::Info | MetricType::Stateset => 1,
        MetricType::Summary => 2,
        MetricType::Unknown => 3,
        MetricType::Histogram => 4,
        MetricType::GaugeHistogram => 5,
    }
}

fn put_metric(encoder: &Encoder, out: &mut Vec<u8>, kind: MetricType, metric: &MetricPoint<'_>) {
    for (name, value) in metric.labels {
        put_label(out, &encoder.label_name(name), value);
    }
    match metric.value {
        PointValue::Number { value, exemplar } => {
            let field = match kind {
                MetricType::Counter => 3,
                MetricType::Unknown => 5,
                _ => 2,
            };
            nested(out, field, |out| {
                put_double(out, 1, value);
                if kind == MetricType::Counter {
                    if let Some(exemplar) = &exemplar {
                        put_exemplar(encoder, out, 2, exemplar);
                    }
                    put_timestamp(out, 3, metric.created);
                }
            });
        }
        PointValue::Summary {
            count,
            sum,
            quantiles,
        } => nested(out, 4, |out| {
            put_varint_field(out, 1, count);
            put_double(out, 2, sum);
            for (rank, value) in quantiles {
                nested(out, 3, |out| {
                    put_double(out, 1, *rank);
                    put_double(out, 2, *value);
                });
            }
            put_timestamp(out, 4, metric.created);
        }),
        PointValue::Histogram {
            count,
            sum,
            buckets,
            native,
            exemplars,
        } => nested(out, 7, |out| {
            let native = native.filter(|native| native.custom_bounds.is_empty());
            match native.map(|native| native.counts) {
                Some(Counts::Integer { count, .. }) => put_varint_field(out, 1, count),
                Some(Counts::Float { count, .. }) => put_double(out, 4, count),
                None => put_count(out, count, 1, 4),
            }
            put_double(out, 2, native.map_or(sum, |native| native.sum));
            for bucket in buckets {
                put_bucket(encoder, out, bucket);
            }
            if let Some(native) = &native {
                put_native(out, native);
                for exemplar in exemplars.iter().filter(|e| e.timestamp.is_some()) {
                    put_exemplar(encoder, out, 16, exemplar);
                }
            }
            put_timestamp(out, 15, metric.created);
        }),
    }
    if let Some(timestamp) = metric.timestamp {
        put_varint_field(out, 6, timestamp as u64);
    }
}

fn put_bucket(encoder: &Encoder, out: &mut Vec<u8>, bucket: &BucketPoint<'_>) {
    nested(out, 3, |out| {
        put_count(out, bucket.cumulative_count, 1, 4);
        put_double(out, 2, bucket.upper_bound);
        if let Some(exemplar) = &bucket.exemplar {
            put_exemplar(encoder, out, 3, exemplar);
        }
    });
}

/// A count as a whole number if it is one.
fn put_count(out: &mut Vec<u8>, count: f64, whole: u32, float: u32) {
    if count >= 0.0 && count <= u64::MAX as f64 && count.fract() == 0.0 {
        put_varint_field(out, whole, count as u64);
    } else {
        put_double(out, float, count);
    }
}

fn put_native(out: &mut Vec<u8>, native: &NativeHistogram<'_>) {
    put_sint(out, 5, native.schema.into());
    put_double(out, 6, native.zero_threshold);
    put_spans(out, 9, native.negative_spans);
    put_spans(out, 12, native.positive_spans);
    if native.negative_spans.is_empty() && native.positive_spans.is_empty() {
        // The mark of a native histogram that has no buckets.
        put_spans(out, 12, &[Span::default()]);
    }
    match native.counts {
        Counts::Integer {
            zero_count,
            positive,
            negative,
            ..
        } => {
            put_varint_field(out, 7, zero_count);
            put_deltas(out, 10, negative);
            put_deltas(out, 13, positive);
        }
        Counts::Float {
            zero_count,
            positive,
            negative,
            ..
        } => {
            put_double(out, 8, zero_count);
            put_doubles(out, 11, negative);
            put_doubles(out, 14, positive);
        }
    }
}

fn put_spans(out: &mut Vec<u8>, field: u32, spans: &[Span]) {
    for span in spans {
        nested(out, field, |out| {
            put_sint(out, 1, span.offset.into());
            put_varint_field(out, 2, span.length.into());
        });
    }
}

fn put_deltas(out: &mut Vec<u8>, field: u32, deltas: &[i64]) {
    if !deltas.is_empty() {
        nested(out, field, |out| {
            for delta in deltas {
                put_varint(out, zigzag(*delta));
            }
        });
    }
}

fn put_doubles(out: &mut Vec<u8>, field: u32, values: &[f64]) {
    if !values.is_empty() {
        nested(out, field, |out| {
            for value in values {
                out.extend_from_slice(&value.to_le_bytes());
            }
        });
    }
}

fn put_exemplar(encoder: &Encoder, out: &mut Vec<u8>, field: u32, exemplar: &ExemplarPoint<'_>) {
    nested(out, field, |out| {
        for (name, value) in exemplar.labels {
            put_label(out, &encoder.label_name(name), value);
        }
        put_double(out, 2, exemplar.value);
        put_timestamp(out, 3, exemplar.timestamp);
    });
}

fn put_label(out: &mut Vec<u8>, name: &str, value: &str) {
    nested(out, 1, |out| {
        put_len_field(out, 1, name.as_bytes());
        put_len_field(out, 2, value.as_bytes());
    });
}

/// A `google.protobuf.Timestamp`.
fn put_timestamp(out: &mut Vec<u8>, field: u32, milliseconds: Option<i64>) {
    if let Some(milliseconds) = milliseconds {
        nested(out, field, |out| {
            put_varint_field(out, 1, milliseconds.div_euclid(1000) as u64);
            put_varint_field(out, 2, milliseconds.rem_euclid(1000) as u64 * 1_000_000);
        });
    }
}

fn put_varint_field(out: &mut Vec<u8>, field: u32, value: u64) {
    put_tag(out, field, WireType::Varint);
    put_varint(out, value);
}

fn put_sint(out: &mut Vec<u8>, field: u32, value: i64) {
    put_varint_field(out, field, zigzag(value));
}

const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn put_double(out: &mut Vec<u8>, field: u32, value: f64) {
    put_tag(out, field, WireType::Fixed64);
    out.extend_from_slice(&value.to_le_bytes());
}

/// Writes a message into a field. Nearly all are so short that their length takes one byte, so room for
/// one is left; others are moved.
fn nested(out: &mut Vec<u8>, field: u32, write: impl FnOnce(&mut Vec<u8>)) {
    put_tag(out, field, WireType::Len);
    let at = out.len();
    out.push(0);
    write(out);
    let length = out.len() - at - 1;
    let more = varint_len(length as u64) - 1;
    if more == 0 {
        out[at] = length as u8;
        return;
    }
    out.resize(out.len() + more, 0);
    out.copy_within(at + 1..at + 1 + length, at + 1 + more);
    let mut prefix = Vec::with_capacity(5);
    put_varint(&mut prefix, length as u64);
    out[at..=at + more].copy_from_slice(&prefix);
}
