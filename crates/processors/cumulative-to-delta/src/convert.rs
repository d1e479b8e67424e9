//! Points as numbers, and back.

use headwater_aggregation::metric::{Streams, copy_point};
use headwater_aggregation::point::{Kind, put_buckets, put_double, put_fixed64, put_packed64};
use headwater_core::pdata::view::{
    ExponentialHistogramDataPoint, HistogramDataPoint, NumberDataPoint, NumberValue,
};

use crate::tracker::{Delta, HistogramPoint, Observed, Value};

/// There is no value.
const NO_VALUE: u32 = 1;

/// What a point says.
#[derive(Debug)]
pub(crate) enum Read {
    /// Nothing: it goes.
    Nothing,
    /// Nothing that can be counted: it stays as it is.
    NotANumber,
    /// This.
    Point(Observed),
}

pub(crate) fn read(kind: Kind, point: &[u8], streams: &Streams) -> Read {
    let (attributes, flags, start, time, value) = match kind {
        Kind::Sum => {
            let view = NumberDataPoint::new(point);
            let value = match view.value() {
                Some(NumberValue::Double(value)) => Value::Double(value),
                Some(NumberValue::Int(value)) => Value::Int(value),
                None => Value::Int(0),
            };
            let (start, time) = (view.start_time_unix_nano(), view.time_unix_nano());
            (view.attributes(), view.flags(), start, time, value)
        }
        Kind::Histogram => {
            let view = HistogramDataPoint::new(point);
            let value = Value::Histogram(HistogramPoint {
                count: view.count(),
                sum: view.sum().unwrap_or(0.0),
                counts: view.bucket_counts().collect(),
                bounds: streams.numbers(view.explicit_bounds()),
            });
            let (start, time) = (view.start_time_unix_nano(), view.time_unix_nano());
            (view.attributes(), view.flags(), start, time, value)
        }
        Kind::ExponentialHistogram => {
            let view = ExponentialHistogramDataPoint::new(point);
            let value =
                Value::Exponential(Box::new(crate::exponential::ExponentialPoint::read(&view)));
            let (start, time) = (view.start_time_unix_nano(), view.time_unix_nano());
            (view.attributes(), view.flags(), start, time, value)
        }
    };
    if flags & NO_VALUE != 0 {
        return Read::Nothing;
    }
    if matches!(value, Value::Double(value) if value.is_nan()) {
        return Read::NotANumber;
    }
    // A stream that begins at another time is another stream, and so is one of other numbers.
    let more = start.rotate_left(1) ^ u64::from(matches!(value, Value::Double(_)));
    Read::Point(Observed {
        stream: streams.stream(attributes, more),
        start,
        time,
        value,
    })
}

/// Appends `point` with what it adds in place of what it says.
pub(crate) fn write(point: &[u8], delta: &Delta, out: &mut Vec<u8>) {
    match &delta.value {
        Value::Int(value) => {
            copy_point(point, &[2, 4, 6], out);
            put_fixed64(out, 6, value.cast_unsigned());
        }
        Value::Double(value) => {
            copy_point(point, &[2, 4, 6], out);
            put_double(out, 4, *value);
        }
        Value::Histogram(value) => {
            // Smallest and largest value of a difference are not known.
            copy_point(point, &[2, 4, 5, 6, 11, 12], out);
            put_fixed64(out, 4, value.count);
            put_sum(out, HistogramDataPoint::new(point).sum(), value.sum);
            put_packed64(out, 6, value.counts.iter().copied());
        }
        Value::Exponential(value) => {
            copy_point(point, &[2, 4, 5, 7, 8, 9, 12, 13], out);
            put_fixed64(out, 4, value.count);
            put_sum(
                out,
                ExponentialHistogramDataPoint::new(point).sum(),
                value.sum,
            );
            put_fixed64(out, 7, value.zero_count);
            for (number, range) in [(8, &value.positive), (9, &value.negative)] {
                put_buckets(out, number, range.offset, &range.counts);
            }
        }
    }
    if delta.start != 0 {
        put_fixed64(out, 2, delta.start);
    }
}

/// A sum stays absent, or no number, if it was.
fn put_sum(out: &mut Vec<u8>, before: Option<f64>, sum: f64) {
    match before {
        None => {}
        Some(before) if before.is_nan() => put_double(out, 5, before),
        Some(_) => put_double(out, 5, sum),
    }
}
