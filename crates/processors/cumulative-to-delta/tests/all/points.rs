//! What becomes of points.

use headwater_core::bytes::Bytes;
use headwater_core::pdata::count_items;
use headwater_core::{Batch, Signal};
use headwater_testkit::otlp::{
    Buckets, Data, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, HistogramDataPoint,
    Metric, NumberDataPoint, NumberValue,
};
use headwater_testkit::{
    InlineSetup, Point, arbitrary_requests, attribute, histogram_of, metric, sum_of,
};

use crate::setup;

const CUMULATIVE: i32 = 2;
const DELTA: i32 = 1;

/// Sends one metric; what comes out of it, and since when it counts in seconds.
fn sent(setup: &InlineSetup, metric: Metric) -> Option<(String, u64)> {
    let points = setup.points(vec![metric]);
    let point = points.first()?;
    assert_eq!(point.temporality, DELTA, "{point}");
    Some((point.value.clone(), point.start / 1_000_000_000))
}

fn int(time: u64, value: i64) -> Metric {
    sum_of("requests", CUMULATIVE, (1, time), NumberValue::AsInt(value))
}

#[test]
fn sums_become_what_was_added_since_the_last_point() {
    let setup = setup("initial_value: keep");
    assert_eq!(sent(&setup, int(10, 5)), Some(("5".to_owned(), 0)));
    assert_eq!(sent(&setup, int(20, 12)), Some(("7".to_owned(), 10)));
    assert_eq!(sent(&setup, int(30, 12)), Some(("0".to_owned(), 20)));
    // It begins anew without saying so: one point is lost.
    assert_eq!(sent(&setup, int(40, 2)), None);
    assert_eq!(sent(&setup, int(50, 3)), Some(("1".to_owned(), 40)));
    let dropped = "otelcol_processor_cumulativetodelta_dropped_points";
    assert_eq!(metric(&setup.environment, dropped), 1.0);
    let double = |time, value| sum_of("d", CUMULATIVE, (1, time), NumberValue::AsDouble(value));
    sent(&setup, double(10, 0.5)).unwrap();
    assert_eq!(sent(&setup, double(20, 2.0)), Some(("1.5".to_owned(), 10)));
    assert_eq!(
        metric(
            &setup.environment,
            "otelcol_processor_cumulativetodelta_streams"
        ),
        2.0
    );
}

#[test]
fn a_new_start_is_a_new_stream() {
    let setup = setup("initial_value: keep");
    sent(&setup, int(10, 50)).unwrap();
    let again = sum_of("requests", CUMULATIVE, (15, 20), NumberValue::AsInt(3));
    assert_eq!(sent(&setup, again), Some(("3".to_owned(), 0)));
    assert_eq!(sent(&setup, int(30, 60)), Some(("10".to_owned(), 10)));
}

#[test]
fn everything_else_around_a_point_tells_streams_apart() {
    let setup = setup("initial_value: drop");
    let with = |edit: fn(&mut Metric, &mut NumberDataPoint), time, value| {
        let mut metric = int(time, value);
        let Some(Data::Sum(data)) = &mut metric.data else {
            panic!("a sum")
        };
        let mut point = data.data_points.remove(0);
        let mut named = Metric::default();
        edit(&mut named, &mut point);
        data.data_points.push(point);
        metric.unit = named.unit;
        metric
    };
    let plain: fn(&mut Metric, &mut NumberDataPoint) = |_, _| {};
    let unit: fn(&mut Metric, &mut NumberDataPoint) = |metric, _| metric.unit = "By".to_owned();
    let labelled: fn(&mut Metric, &mut NumberDataPoint) =
        |_, point| point.attributes = vec![attribute("a", 1_i64)];
    for edit in [plain, unit, labelled] {
        assert_eq!(sent(&setup, with(edit, 10, 1)), None);
    }
    for edit in [plain, unit, labelled] {
        assert_eq!(sent(&setup, with(edit, 20, 3)), Some(("2".to_owned(), 10)));
    }
}

#[test]
fn histograms_become_differences_without_extremes() {
    let setup = setup("initial_value: drop");
    let point = |count, sum, counts: &[u64], bounds: &[f64]| HistogramDataPoint {
        count,
        sum: Some(sum),
        bucket_counts: counts.to_vec(),
        explicit_bounds: bounds.to_vec(),
        min: Some(1.0),
        max: Some(9.0),
        ..HistogramDataPoint::default()
    };
    let histogram = |time, point| histogram_of("h", CUMULATIVE, (1, time), point);
    assert_eq!(
        sent(&setup, histogram(10, point(3, 30.0, &[1, 2], &[5.0]))),
        None
    );
    assert_eq!(
        sent(&setup, histogram(20, point(7, 70.0, &[2, 5], &[5.0]))),
        Some(("count=4 sum=40 buckets=[1, 3] bounds=[5.0]".to_owned(), 10))
    );
    // It begins anew: the whole value counts.
    assert_eq!(
        sent(&setup, histogram(30, point(1, 4.0, &[1, 0], &[5.0]))),
        Some(("count=1 sum=4 buckets=[1, 0] bounds=[5.0]".to_owned(), 20))
    );
    // Other buckets cannot be compared.
    assert_eq!(
        sent(&setup, histogram(40, point(2, 8.0, &[1, 1], &[6.0]))),
        None
    );
    assert_eq!(
        sent(&setup, histogram(50, point(3, 9.0, &[1, 2], &[6.0]))),
        Some(("count=1 sum=1 buckets=[0, 1] bounds=[6.0]".to_owned(), 40))
    );
}

#[test]
fn exponential_histograms_become_differences_at_the_coarser_scale() {
    let setup = setup("initial_value: drop");
    let metric = |time: u64, count, scale, offset, counts: &[u64]| Metric {
        name: "e".to_owned(),
        data: Some(Data::ExponentialHistogram(ExponentialHistogram {
            data_points: vec![ExponentialHistogramDataPoint {
                start_time_unix_nano: 1_000_000_000,
                time_unix_nano: time * 1_000_000_000,
                count,
                sum: Some(count as f64),
                scale,
                positive: Some(Buckets {
                    offset,
                    bucket_counts: counts.to_vec(),
                }),
                max: Some(3.0),
                ..ExponentialHistogramDataPoint::default()
            }],
            aggregation_temporality: CUMULATIVE,
        })),
        ..Metric::default()
    };
    assert_eq!(sent(&setup, metric(10, 6, 1, 0, &[1, 2, 3])), None);
    assert_eq!(
        sent(&setup, metric(20, 10, 0, 0, &[3, 7])),
        Some((
            "count=4 sum=4 scale=0 zero=0<=0 positive=1:[4] negative=-".to_owned(),
            10
        ))
    );
    assert_eq!(sent(&setup, metric(30, 2, 0, 0, &[2])), None);
    assert_eq!(
        sent(&setup, metric(40, 11, 0, 0, &[4, 7])),
        Some((
            "count=1 sum=1 scale=0 zero=0<=0 positive=0:[1] negative=-".to_owned(),
            20
        ))
    );
}

#[test]
fn what_is_no_growing_sum_stays_as_it_is() {
    let setup = setup("initial_value: keep");
    let mut falling = int(10, 5);
    if let Some(Data::Sum(sum)) = &mut falling.data {
        sum.is_monotonic = false;
    }
    let delta = sum_of("delta", DELTA, (1, 10), NumberValue::AsInt(4));
    let gauge = Metric {
        name: "gauge".to_owned(),
        data: Some(Data::Gauge(Gauge {
            data_points: vec![NumberDataPoint::default()],
        })),
        ..Metric::default()
    };
    let metrics = vec![falling, delta, gauge];
    let once = setup.points(metrics.clone());
    assert_eq!(once.len(), 3);
    assert_eq!(setup.points(metrics), once);
    let nan = || sum_of("nan", CUMULATIVE, (1, 10), NumberValue::AsDouble(f64::NAN));
    assert_eq!(sent(&setup, nan()).unwrap().0, "NaN");
    let mut absent = int(20, 5);
    if let Some(Data::Sum(sum)) = &mut absent.data {
        sum.data_points[0].flags = 1;
    }
    assert!(setup.points(vec![absent]).is_empty());
}

#[test]
fn only_selected_metrics_are_converted() {
    let metrics = || {
        let point = HistogramDataPoint::default();
        vec![
            sum_of("http.requests", CUMULATIVE, (1, 2), NumberValue::AsInt(1)),
            sum_of("rpc.requests", CUMULATIVE, (1, 2), NumberValue::AsInt(1)),
            histogram_of("http.time", CUMULATIVE, (1, 2), point),
        ]
    };
    for (yaml, converted) in [
        (
            "include: {match_type: strict, metrics: [rpc.requests]}",
            vec!["rpc.requests"],
        ),
        (
            "include: {match_type: regexp, metrics: ['^http']}",
            vec!["http.requests", "http.time"],
        ),
        (
            "exclude: {match_type: regexp, metrics: ['^http']}",
            vec!["rpc.requests"],
        ),
        ("include: {metric_types: [histogram]}", vec!["http.time"]),
        ("exclude: {metric_types: [sum]}", vec!["http.time"]),
        (
            "include: {match_type: regexp, metrics: [http]}\nexclude: {metric_types: [sum]}",
            vec!["http.time"],
        ),
    ] {
        let points = setup(&format!("initial_value: keep\n{yaml}")).points(metrics());
        let deltas = points.iter().filter(|point| point.temporality == DELTA);
        let names: Vec<_> = deltas.map(|point| &*point.metric).collect();
        assert_eq!(names, converted, "{yaml}");
    }
}

#[test]
fn streams_beyond_the_limit_are_dropped() {
    let setup = setup("{initial_value: keep, max_streams: 2}");
    let names = ["a", "b", "c"].map(|name| sum_of(name, CUMULATIVE, (1, 2), NumberValue::AsInt(1)));
    let points = setup.points(names.to_vec());
    let left: Vec<_> = points.iter().map(|point| &*point.metric).collect();
    assert_eq!(left, ["a", "b"]);
}

#[test]
fn any_bytes_are_converted_or_refused() {
    let setup = setup("initial_value: keep");
    for bytes in arbitrary_requests(Signal::Metrics, 11, 300) {
        let Ok(items) = count_items(Signal::Metrics, &bytes) else {
            continue;
        };
        let batch = Batch::new(Signal::Metrics, Bytes::from(bytes), items);
        if let Ok(Some(batch)) = setup.processor.process(batch) {
            let left = batch.payload().to_contiguous();
            assert_eq!(count_items(Signal::Metrics, &left).unwrap(), batch.items());
        }
    }
}

#[test]
fn the_rest_of_a_point_survives() {
    let setup = setup("initial_value: keep");
    let mut metric = int(10, 5);
    metric.unit = "{request}".to_owned();
    if let Some(Data::Sum(sum)) = &mut metric.data {
        sum.data_points[0].attributes = vec![attribute("a", "b")];
        sum.data_points[0].exemplars = vec![headwater_testkit::otlp::Exemplar {
            trace_id: vec![7; 16],
            ..Default::default()
        }];
    }
    let point: Point = setup.points(vec![metric]).remove(0);
    assert_eq!(point.unit, "{request}");
    assert_eq!(point.attributes["a"], "b");
    assert_eq!(point.exemplars, ["07".repeat(16)]);
    assert_eq!(point.time, 10_000_000_000);
}
