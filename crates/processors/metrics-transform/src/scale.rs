//! Values multiplied by a factor, and numbers of the other type.

use headwater_core::pdata::owned::{
    Buckets, Exemplar, ExponentialHistogramDataPoint, KeyValue, Metric, MetricData,
    NumberDataPoint, NumberValue,
};

/// The number points of a gauge or sum.
fn numbers(metric: &mut Metric) -> &mut [NumberDataPoint] {
    match &mut metric.data {
        Some(MetricData::Gauge(data)) => &mut data.data_points,
        Some(MetricData::Sum(data)) => &mut data.data_points,
        _ => &mut [],
    }
}

/// Makes whole numbers of doubles, towards zero, and the other way round.
pub(crate) fn toggle(metric: &mut Metric, included: impl Fn(&[KeyValue]) -> bool) {
    for point in numbers(metric).iter_mut() {
        if included(&point.attributes) {
            point.value = point.value.map(|value| match value {
                NumberValue::Int(value) => NumberValue::Double(value as f64),
                NumberValue::Double(value) => NumberValue::Int(value as i64),
            });
        }
    }
}

/// Multiplies everything that has the unit of the metric.
pub(crate) fn scale(metric: &mut Metric, factor: f64, included: impl Fn(&[KeyValue]) -> bool) {
    for point in numbers(metric).iter_mut() {
        if included(&point.attributes) {
            point.value = point.value.map(|value| scaled(value, factor));
        }
    }
    match &mut metric.data {
        Some(MetricData::Histogram(data)) => {
            for point in &mut data.data_points {
                if !included(&point.attributes) {
                    continue;
                }
                for value in [&mut point.sum, &mut point.min, &mut point.max] {
                    *value = value.map(|value| value * factor);
                }
                point
                    .explicit_bounds
                    .iter_mut()
                    .for_each(|bound| *bound *= factor);
                exemplars(&mut point.exemplars, factor);
            }
        }
        Some(MetricData::ExponentialHistogram(data)) => {
            for point in &mut data.data_points {
                if included(&point.attributes) {
                    exponential(point, factor);
                }
            }
        }
        _ => {}
    }
}

fn scaled(value: NumberValue, factor: f64) -> NumberValue {
    match value {
        NumberValue::Int(value) => NumberValue::Int((value as f64 * factor) as i64),
        NumberValue::Double(value) => NumberValue::Double(value * factor),
    }
}

fn exemplars(exemplars: &mut [Exemplar], factor: f64) {
    for exemplar in exemplars {
        exemplar.value = exemplar.value.map(|value| scaled(value, factor));
    }
}

/// Buckets keep their counts and move to where their middle has gone.
fn exponential(point: &mut ExponentialHistogramDataPoint, factor: f64) {
    for value in [&mut point.sum, &mut point.min, &mut point.max] {
        *value = value.map(|value| value * factor);
    }
    point.zero_threshold *= factor;
    let scale = point.scale;
    for buckets in [&mut point.positive, &mut point.negative] {
        if let Some(buckets) = buckets
            .as_mut()
            .filter(|buckets| !buckets.bucket_counts.is_empty())
        {
            shift(buckets, scale, factor);
        }
    }
    exemplars(&mut point.exemplars, factor);
}

fn shift(buckets: &mut Buckets, scale: i32, factor: f64) {
    let base = 2_f64.powf(2_f64.powi(-scale));
    let middle = f64::midpoint(
        base.powf(f64::from(buckets.offset)),
        base.powf(f64::from(buckets.offset) + 1.0),
    );
    let value = middle * factor;
    let index = (value.ln() * std::f64::consts::LOG2_E * 2_f64.powi(scale)).ceil() - 1.0;
    if index.is_finite() {
        buckets.offset = index as i32;
    }
}
