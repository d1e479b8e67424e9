//! What becomes of points.

use headwater_core::bytes::Bytes;
use headwater_core::pdata::count_items;
use headwater_core::telemetry::{Level, SeriesValue};
use headwater_core::{Batch, Signal};
use headwater_testkit::otlp::{
    Buckets, Data, ExponentialHistogram, ExponentialHistogramDataPoint, HistogramDataPoint, Metric,
    NumberValue,
};
use headwater_testkit::{InlineSetup, arbitrary_requests, histogram_of, metric, sum_of};

use crate::setup;

const DELTA: i32 = 1;
const CUMULATIVE: i32 = 2;

/// Sends one metric; what comes out of it, and since when it counts in seconds.
fn sent(setup: &InlineSetup, metric: Metric) -> Option<(String, u64)> {
    let points = setup.points(vec![metric]);
    let point = points.first()?;
    assert_eq!(point.temporality, CUMULATIVE, "{point}");
    Some((point.value.clone(), point.start / 1_000_000_000))
}

fn int(from: u64, to: u64, value: i64) -> Metric {
    sum_of("requests", DELTA, (from, to), NumberValue::AsInt(value))
}

#[test]
fn sums_are_added_up_from_where_the_first_one_began() {
    let setup = setup("{}");
    assert_eq!(sent(&setup, int(10, 20, 5)), Some(("5".to_owned(), 10)));
    assert_eq!(sent(&setup, int(20, 30, 2)), Some(("7".to_owned(), 10)));
    assert_eq!(sent(&setup, int(20, 30, 2)), None, "twice");
    assert_eq!(sent(&setup, int(5, 40, 2)), None, "from before the stream");
    assert_eq!(sent(&setup, int(30, 50, 1)), Some(("8".to_owned(), 10)));
    let double = |from, to, value| sum_of("d", DELTA, (from, to), NumberValue::AsDouble(value));
    sent(&setup, double(1, 2, 0.5)).unwrap();
    assert_eq!(
        sent(&setup, double(2, 3, 0.25)),
        Some(("0.75".to_owned(), 1))
    );

    let families = setup.environment.telemetry.snapshot(Level::Detailed);
    let points = families
        .iter()
        .find(|family| family.instrument.name == "otelcol_deltatocumulative_datapoints")
        .unwrap();
    for (attributes, value) in &points.series {
        let expected = match attributes.first().map(|(_, error)| &**error) {
            None => 5.0,
            Some("delta.ErrOlderStart" | "delta.ErrOutOfOrder") => 1.0,
            Some(_) => 0.0,
        };
        assert_eq!(*value, SeriesValue::Number(expected), "{attributes:?}");
    }
    let tracked = "otelcol_deltatocumulative_streams_tracked";
    assert_eq!(metric(&setup.environment, tracked), 2.0);
}

#[test]
fn histograms_are_added_up_bucket_by_bucket() {
    let setup = setup("{}");
    let histogram = |from, to, counts: &[u64], bounds: &[f64], min| {
        let point = HistogramDataPoint {
            count: counts.iter().sum(),
            sum: Some(10.0),
            bucket_counts: counts.to_vec(),
            explicit_bounds: bounds.to_vec(),
            min,
            max: Some(from as f64),
            ..HistogramDataPoint::default()
        };
        histogram_of("h", DELTA, (from, to), point)
    };
    sent(&setup, histogram(1, 2, &[1, 2], &[5.0], Some(3.0))).unwrap();
    assert_eq!(
        sent(&setup, histogram(2, 3, &[4, 0], &[5.0], Some(1.0))).unwrap(),
        (
            "count=7 sum=20 buckets=[5, 2] bounds=[5.0] min=1 max=2".to_owned(),
            1
        )
    );
    // Once the smallest value is not known it is never known again.
    for from in [3, 4] {
        let min = (from == 4).then_some(1.0);
        let value = sent(&setup, histogram(from, from + 1, &[1, 0], &[5.0], min))
            .unwrap()
            .0;
        assert!(value.contains("min=none"), "{value}");
    }
    assert_eq!(
        sent(&setup, histogram(9, 10, &[1, 1], &[6.0], Some(1.0))).unwrap(),
        (
            "count=2 sum=10 buckets=[1, 1] bounds=[6.0] min=1 max=9".to_owned(),
            9
        )
    );
}

#[test]
fn exponential_histograms_are_added_up_at_the_coarser_scale() {
    let setup = setup("{}");
    let histogram = |from: u64, scale, offset, counts: &[u64]| Metric {
        name: "e".to_owned(),
        data: Some(Data::ExponentialHistogram(ExponentialHistogram {
            data_points: vec![ExponentialHistogramDataPoint {
                start_time_unix_nano: from * 1_000_000_000,
                time_unix_nano: (from + 1) * 1_000_000_000,
                count: counts.iter().sum::<u64>() + 1,
                zero_count: 1,
                scale,
                positive: Some(Buckets {
                    offset,
                    bucket_counts: counts.to_vec(),
                }),
                ..ExponentialHistogramDataPoint::default()
            }],
            aggregation_temporality: DELTA,
        })),
        ..Metric::default()
    };
    sent(&setup, histogram(1, 1, -1, &[1, 2, 3, 4])).unwrap();
    assert_eq!(
        sent(&setup, histogram(2, 0, 1, &[5])).unwrap(),
        (
            "count=17 sum=none scale=0 zero=2<=0 positive=-1:[1, 5, 9] negative=-".to_owned(),
            1
        )
    );
}

#[test]
fn what_is_no_delta_stays_as_it_is() {
    let setup = setup("{}");
    let metrics = vec![sum_of("c", CUMULATIVE, (1, 2), NumberValue::AsInt(5))];
    let once = setup.points(metrics.clone());
    assert_eq!(setup.points(metrics), once);
    assert_eq!(once[0].value, "5");
}

#[test]
fn sums_that_may_fall_are_added_up_as_well() {
    let setup = setup("{}");
    let falling = |from, to, value| {
        let mut metric = int(from, to, value);
        if let Some(Data::Sum(sum)) = &mut metric.data {
            sum.is_monotonic = false;
        }
        metric
    };
    sent(&setup, falling(1, 2, 5)).unwrap();
    assert_eq!(sent(&setup, falling(2, 3, -7)), Some(("-2".to_owned(), 1)));
}

#[test]
fn streams_beyond_the_limit_are_dropped() {
    let setup = setup("max_streams: 2");
    let names = ["a", "b", "c"].map(|name| sum_of(name, DELTA, (1, 2), NumberValue::AsInt(1)));
    let points = setup.points(names.to_vec());
    let left: Vec<_> = points.iter().map(|point| &*point.metric).collect();
    assert_eq!(left, ["a", "b"]);
}

#[test]
fn any_bytes_are_converted_or_refused() {
    let setup = setup("{}");
    for bytes in arbitrary_requests(Signal::Metrics, 13, 300) {
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
