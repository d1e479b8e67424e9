//! Points as numbers, and back.

use headwater_aggregation::Fingerprint;
use headwater_aggregation::metric::{Streams, copy_point};
use headwater_aggregation::point::{
    Kind, put_buckets, put_double, put_fixed64, put_packed64, put_signed,
};
use headwater_core::pdata::view::{
    ExponentialHistogramDataPoint, HistogramDataPoint, NumberDataPoint, NumberValue,
};

use crate::accumulator::{Extremes, HistogramPoint, Sample, Value};
use crate::exponential::ExponentialPoint;

/// The stream of a point, and what it says.
pub(crate) fn read(kind: Kind, point: &[u8], streams: &Streams) -> (Fingerprint, Sample) {
    let (attributes, start, time, value) = match kind {
        Kind::Sum => {
            let view = NumberDataPoint::new(point);
            let value = match view.value() {
                Some(NumberValue::Double(value)) => Value::Double(value),
                Some(NumberValue::Int(value)) => Value::Int(value),
                None => Value::None,
            };
            let (start, time) = (view.start_time_unix_nano(), view.time_unix_nano());
            (view.attributes(), start, time, value)
        }
        Kind::Histogram => {
            let view = HistogramDataPoint::new(point);
            let value = Value::Histogram(HistogramPoint {
                count: view.count(),
                counts: view.bucket_counts().collect(),
                sum: view.sum(),
                extremes: Extremes {
                    min: view.min(),
                    max: view.max(),
                },
                bounds: streams.numbers(view.explicit_bounds()),
            });
            let (start, time) = (view.start_time_unix_nano(), view.time_unix_nano());
            (view.attributes(), start, time, value)
        }
        Kind::ExponentialHistogram => {
            let view = ExponentialHistogramDataPoint::new(point);
            let value = Value::Exponential(Box::new(ExponentialPoint::read(&view)));
            let (start, time) = (view.start_time_unix_nano(), view.time_unix_nano());
            (view.attributes(), start, time, value)
        }
    };
    let sample = Sample { start, time, value };
    (streams.stream(attributes, 0), sample)
}

/// Appends `point` with the sum in place of what it says.
pub(crate) fn write(point: &[u8], sum: &Sample, out: &mut Vec<u8>) {
    match &sum.value {
        Value::None => copy_point(point, &[2], out),
        Value::Int(value) => {
            copy_point(point, &[2, 4, 6], out);
            put_fixed64(out, 6, value.cast_unsigned());
        }
        Value::Double(value) => {
            copy_point(point, &[2, 4, 6], out);
            put_double(out, 4, *value);
        }
        Value::Histogram(value) => {
            copy_point(point, &[2, 4, 5, 6, 11, 12], out);
            put_fixed64(out, 4, value.count);
            put_packed64(out, 6, value.counts.iter().copied());
            let Extremes { min, max } = value.extremes;
            put_optional(out, [(5, value.sum), (11, min), (12, max)]);
        }
        Value::Exponential(value) => {
            copy_point(point, &[2, 4, 5, 6, 7, 8, 9, 12, 13, 14], out);
            put_fixed64(out, 4, value.count);
            put_signed(out, 6, clamp(value.scale));
            put_fixed64(out, 7, value.zero_count);
            for (number, range) in [(8, &value.positive), (9, &value.negative)] {
                put_buckets(out, number, clamp(range.offset), &range.counts);
            }
            let Extremes { min, max } = value.extremes;
            put_optional(out, [(5, value.sum), (12, min), (13, max)]);
            if value.zero_threshold != 0.0 {
                put_double(out, 14, value.zero_threshold);
            }
        }
    }
    if sum.start != 0 {
        put_fixed64(out, 2, sum.start);
    }
}

fn put_optional(out: &mut Vec<u8>, fields: [(u32, Option<f64>); 3]) {
    for (number, value) in fields {
        if let Some(value) = value {
            put_double(out, number, value);
        }
    }
}

fn clamp(index: i64) -> i32 {
    index.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
}
