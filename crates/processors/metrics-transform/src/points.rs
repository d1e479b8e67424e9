//! The data points of a metric, of whatever kind.

use headwater_core::pdata::owned::{KeyValue, Metric, MetricData};

macro_rules! for_points {
    ($data:expr, $points:ident => $do:expr) => {
        match $data {
            None => {}
            Some(MetricData::Gauge(data)) => {
                let $points = &mut data.data_points;
                $do;
            }
            Some(MetricData::Sum(data)) => {
                let $points = &mut data.data_points;
                $do;
            }
            Some(MetricData::Histogram(data)) => {
                let $points = &mut data.data_points;
                $do;
            }
            Some(MetricData::ExponentialHistogram(data)) => {
                let $points = &mut data.data_points;
                $do;
            }
            Some(MetricData::Summary(data)) => {
                let $points = &mut data.data_points;
                $do;
            }
        }
    };
}

/// Calls `f` with the attributes of every point, to change them.
pub(crate) fn change_attributes(metric: &mut Metric, mut f: impl FnMut(&mut Vec<KeyValue>)) {
    for_points!(&mut metric.data, points => {
        points.iter_mut().for_each(|point| f(&mut point.attributes));
    });
}

/// Calls `f` with the attributes of every point.
pub(crate) fn each_attributes(metric: &Metric, mut f: impl FnMut(&[KeyValue])) {
    match &metric.data {
        None => {}
        Some(MetricData::Gauge(data)) => data.data_points.iter().for_each(|p| f(&p.attributes)),
        Some(MetricData::Sum(data)) => data.data_points.iter().for_each(|p| f(&p.attributes)),
        Some(MetricData::Histogram(data)) => data.data_points.iter().for_each(|p| f(&p.attributes)),
        Some(MetricData::ExponentialHistogram(data)) => {
            data.data_points.iter().for_each(|p| f(&p.attributes));
        }
        Some(MetricData::Summary(data)) => data.data_points.iter().for_each(|p| f(&p.attributes)),
    }
}

/// Whether `f` holds for the attributes of a point.
pub(crate) fn any_point(metric: &Metric, f: impl Fn(&[KeyValue]) -> bool) -> bool {
    let mut any = false;
    each_attributes(metric, |attributes| any = any || f(attributes));
    any
}

/// Keeps the points for whose attributes `f` holds.
pub(crate) fn retain_points(metric: &mut Metric, mut f: impl FnMut(&[KeyValue]) -> bool) {
    for_points!(&mut metric.data, points => {
        points.retain(|point| f(&point.attributes));
    });
}

/// How many points there are.
pub(crate) fn count_points(metric: &Metric) -> usize {
    let mut count = 0;
    each_attributes(metric, |_| count += 1);
    count
}

/// The metric without its points.
pub(crate) fn without_points(metric: &Metric) -> Metric {
    let data = metric.data.as_ref().map(|data| match data {
        MetricData::Gauge(_) => MetricData::Gauge(Default::default()),
        MetricData::Sum(sum) => MetricData::Sum(headwater_core::pdata::owned::Sum {
            aggregation_temporality: sum.aggregation_temporality,
            is_monotonic: sum.is_monotonic,
            ..Default::default()
        }),
        MetricData::Histogram(histogram) => {
            MetricData::Histogram(headwater_core::pdata::owned::Histogram {
                aggregation_temporality: histogram.aggregation_temporality,
                ..Default::default()
            })
        }
        MetricData::ExponentialHistogram(histogram) => {
            MetricData::ExponentialHistogram(headwater_core::pdata::owned::ExponentialHistogram {
                aggregation_temporality: histogram.aggregation_temporality,
                ..Default::default()
            })
        }
        MetricData::Summary(_) => MetricData::Summary(Default::default()),
    });
    Metric {
        name: metric.name.clone(),
        description: metric.description.clone(),
        unit: metric.unit.clone(),
        data,
        metadata: metric.metadata.clone(),
        ..Metric::default()
    }
}
