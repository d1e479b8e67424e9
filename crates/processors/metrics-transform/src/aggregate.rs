//! Points with equal labels become one. Source: Go `coreinternal/aggregateutil`.

use std::collections::HashMap;

use headwater_core::pdata::edit::EncodeValue as _;
use headwater_core::pdata::owned::{
    HistogramDataPoint, KeyValue, Metric, MetricData, NumberDataPoint, NumberValue,
};

use crate::config::AggregationType;
use crate::exponential;

/// Aggregation temporality: since the last time.
const DELTA: i32 = 1;

/// Merges the points of a metric that have the same labels and time. Summaries stay as they are.
pub(crate) fn aggregate(metric: &mut Metric, by: AggregationType) {
    match &mut metric.data {
        None | Some(MetricData::Summary(_)) => {}
        Some(MetricData::Gauge(data)) => {
            let points = std::mem::take(&mut data.data_points);
            let groups = group(points, |point| number_key(point, false));
            data.data_points = groups.into_iter().map(|group| numbers(group, by)).collect();
        }
        Some(MetricData::Sum(data)) => {
            let delta = data.aggregation_temporality == DELTA;
            let points = std::mem::take(&mut data.data_points);
            let groups = group(points, |point| number_key(point, delta));
            data.data_points = groups.into_iter().map(|group| numbers(group, by)).collect();
        }
        Some(MetricData::Histogram(data)) => {
            let delta = data.aggregation_temporality == DELTA;
            let points = std::mem::take(&mut data.data_points);
            let groups = group(points, |point| histogram_key(point, delta));
            data.data_points = groups.into_iter().filter_map(histograms).collect();
        }
        Some(MetricData::ExponentialHistogram(data)) => {
            let delta = data.aggregation_temporality == DELTA;
            let points = std::mem::take(&mut data.data_points);
            let groups = group(points, |point| exponential::key(point, delta));
            data.data_points = groups.into_iter().filter_map(exponential::merge).collect();
        }
    }
}

/// Points of the same key, in the order in which they were seen first; no group is empty.
fn group<P>(points: Vec<P>, key: impl Fn(&P) -> Vec<u8>) -> Vec<Vec<P>> {
    let mut groups: Vec<Vec<P>> = Vec::new();
    let mut by_key: HashMap<Vec<u8>, usize> = HashMap::new();
    for point in points {
        let next = groups.len();
        let index = *by_key.entry(key(&point)).or_insert(next);
        if index == next {
            groups.push(Vec::new());
        }
        groups[index].push(point);
    }
    groups
}

/// What points must have in common: labels in any order, and the time.
pub(crate) fn base_key(attributes: &[KeyValue], time: u64, start: Option<u64>) -> Vec<u8> {
    let mut encoded: Vec<Vec<u8>> = attributes
        .iter()
        .map(|attribute| {
            let mut out = attribute.key.as_bytes().to_vec();
            out.push(0);
            attribute.value.encode_value(&mut out);
            out
        })
        .collect();
    encoded.sort_unstable();
    let mut key = Vec::new();
    for attribute in encoded {
        key.extend_from_slice(&attribute.len().to_le_bytes());
        key.extend_from_slice(&attribute);
    }
    key.extend_from_slice(&time.to_le_bytes());
    key.extend_from_slice(&start.unwrap_or(0).to_le_bytes());
    key
}

fn number_key(point: &NumberDataPoint, delta: bool) -> Vec<u8> {
    let start = delta.then_some(point.start_time_unix_nano);
    base_key(&point.attributes, point.time_unix_nano, start)
}

fn histogram_key(point: &HistogramDataPoint, delta: bool) -> Vec<u8> {
    let start = delta.then_some(point.start_time_unix_nano);
    let mut key = base_key(&point.attributes, point.time_unix_nano, start);
    for bound in &point.explicit_bounds {
        key.extend_from_slice(&bound.to_bits().to_le_bytes());
    }
    key.push(u8::from(point.min.is_some()) | u8::from(point.max.is_some()) << 1);
    key.extend_from_slice(&point.flags.to_le_bytes());
    key
}

/// One number of several. Whole numbers stay whole if the first one is.
fn numbers(mut points: Vec<NumberDataPoint>, by: AggregationType) -> NumberDataPoint {
    let start = points.iter().map(|point| point.start_time_unix_nano).min();
    let value = match points.first().and_then(|point| point.value) {
        Some(NumberValue::Double(_)) => {
            let values: Vec<f64> = points.iter().map(|point| double(point.value)).collect();
            Some(NumberValue::Double(doubles(values, by)))
        }
        Some(NumberValue::Int(_)) => {
            let values: Vec<i64> = points.iter().map(|point| whole(point.value)).collect();
            Some(NumberValue::Int(ints(values, by)))
        }
        None => None,
    };
    let mut first = points.swap_remove(0);
    first.value = value;
    first.start_time_unix_nano = start.unwrap_or(first.start_time_unix_nano);
    first
}

fn double(value: Option<NumberValue>) -> f64 {
    match value {
        Some(NumberValue::Double(value)) => value,
        Some(NumberValue::Int(value)) => value as f64,
        None => 0.0,
    }
}

fn whole(value: Option<NumberValue>) -> i64 {
    match value {
        Some(NumberValue::Int(value)) => value,
        Some(NumberValue::Double(value)) => value as i64,
        None => 0,
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "there are never that many points"
)]
fn doubles(mut values: Vec<f64>, by: AggregationType) -> f64 {
    let first = values.first().copied().unwrap_or(0.0);
    let count = values.len();
    match by {
        AggregationType::None => first,
        // A single point keeps its value, as upstream.
        AggregationType::Count if count == 1 => first,
        AggregationType::Count => count as f64,
        AggregationType::Sum => values.iter().sum(),
        AggregationType::Mean => values.iter().sum::<f64>() / count as f64,
        AggregationType::Min => values.into_iter().fold(first, f64::min),
        AggregationType::Max => values.into_iter().fold(first, f64::max),
        AggregationType::Median => {
            values.sort_by(f64::total_cmp);
            let middle = count / 2;
            if count % 2 == 1 {
                values[middle]
            } else {
                f64::midpoint(values[middle - 1], values[middle])
            }
        }
    }
}

fn ints(mut values: Vec<i64>, by: AggregationType) -> i64 {
    let first = values.first().copied().unwrap_or(0);
    let count = values.len();
    let sum = || {
        values
            .iter()
            .fold(0_i64, |sum, value| sum.wrapping_add(*value))
    };
    match by {
        AggregationType::None => first,
        AggregationType::Count if count == 1 => first,
        AggregationType::Count => count as i64,
        AggregationType::Sum => sum(),
        AggregationType::Mean => sum() / (count as i64).max(1),
        AggregationType::Min => values.into_iter().fold(first, i64::min),
        AggregationType::Max => values.into_iter().fold(first, i64::max),
        AggregationType::Median => {
            values.sort_unstable();
            let middle = count / 2;
            if count % 2 == 1 {
                values[middle]
            } else {
                values[middle - 1].wrapping_add(values[middle]) / 2
            }
        }
    }
}

/// The sum of several histograms with the same bounds.
fn histograms(points: Vec<HistogramDataPoint>) -> Option<HistogramDataPoint> {
    let mut points = points.into_iter();
    let mut merged = points.next()?;
    for point in points.filter(|point| point.count > 0) {
        merged.count = merged.count.wrapping_add(point.count);
        merged.sum = Some(merged.sum.unwrap_or(0.0) + point.sum.unwrap_or(0.0));
        merged.min = merged.min.map(|min| min.min(point.min.unwrap_or(0.0)));
        merged.max = merged.max.map(|max| max.max(point.max.unwrap_or(0.0)));
        if merged.bucket_counts.len() < point.bucket_counts.len() {
            merged.bucket_counts.resize(point.bucket_counts.len(), 0);
        }
        for (count, more) in merged.bucket_counts.iter_mut().zip(&point.bucket_counts) {
            *count = count.wrapping_add(*more);
        }
        merged.exemplars.extend(point.exemplars);
        merged.start_time_unix_nano = merged.start_time_unix_nano.min(point.start_time_unix_nano);
    }
    Some(merged)
}
