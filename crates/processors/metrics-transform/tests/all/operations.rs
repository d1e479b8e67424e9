//! The operations on a metric.

use headwater_testkit::otlp::{
    Buckets, Data, Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Histogram,
    HistogramDataPoint, Metric, NumberValue, Summary, SummaryDataPoint,
};

use crate::{double, gauge, int, label, points, request, sum, transformed};

fn operation(operation: &str) -> String {
    format!("transforms: [{{include: m, action: update, operations: [{{{operation}}}]}}]")
}

#[test]
fn labels_and_their_values_are_renamed() {
    assert_eq!(
        points(
            &operation(
                "action: update_label, label: s, new_label: t, value_actions: [{value: x, new_value: y}]"
            ),
            vec![gauge(
                "m",
                vec![
                    int("s=x,a=b", 1),
                    int("s=z", 2),
                    int("a=b", 3),
                    int("t=old,s=x", 4)
                ]
            )]
        ),
        ["m{a=b,t=y} 1", "m{t=z} 2", "m{a=b} 3", "m{t=y} 4"]
    );
    assert_eq!(
        points(
            &operation(
                "action: update_label, label: s, value_actions: [{value: x, new_value: '{{version}}'}]"
            ),
            vec![gauge("m", vec![int("s=x,a=b", 1)])]
        ),
        ["m{s=0.0.0,a=b} 1"]
    );
}

#[test]
fn points_with_a_label_value_are_deleted() {
    assert_eq!(
        points(
            &operation("action: delete_label_value, label: s, label_value: x"),
            vec![
                gauge("m", vec![int("s=x", 1), int("s=y", 2), int("", 3)]),
                gauge("n", vec![int("s=x", 4)])
            ]
        ),
        ["m{s=y} 2", "m{} 3", "n{s=x} 4"]
    );
}

#[test]
fn numbers_change_their_type_and_their_size() {
    assert_eq!(
        points(
            &operation("action: toggle_scalar_data_type"),
            vec![sum("m", vec![int("", 3), double("", -2.9)])]
        ),
        ["m{} 3.0", "m{} -2"]
    );
    assert_eq!(
        points(
            &operation("action: experimental_scale_value, experimental_scale: 0.1"),
            vec![gauge("m", vec![int("", 39), double("", 5.0)])]
        ),
        ["m{} 3", "m{} 0.5"]
    );
}

#[test]
fn values_are_aggregated_over_labels() {
    let ints = || {
        vec![sum(
            "m",
            vec![
                int("a=1,b=1", 1),
                int("a=1,b=2", 2),
                int("a=1,b=3", 6),
                int("a=2,b=1", 8),
            ],
        )]
    };
    let doubles = || {
        vec![gauge(
            "m",
            vec![
                double("a=1,b=1", 1.0),
                double("a=1,b=2", 2.0),
                double("a=2", 8.0),
                double("a=1,b=3", 6.0),
            ],
        )]
    };
    for (by, int, double) in [
        ("sum", "9", "9.0"),
        ("mean", "3", "3.0"),
        ("min", "1", "1.0"),
        ("max", "6", "6.0"),
        ("count", "3", "3.0"),
        ("median", "2", "2.0"),
    ] {
        let yaml = operation(&format!(
            "action: aggregate_labels, label_set: [a, absent], aggregation_type: {by}"
        ));
        assert_eq!(
            points(&yaml, ints()),
            [format!("m{{a=1}} {int}"), "m{a=2} 8".to_owned()],
            "{by}"
        );
        assert_eq!(
            points(&yaml, doubles()),
            [format!("m{{a=1}} {double}"), "m{a=2} 8.0".to_owned()],
            "{by}"
        );
    }
    let none = operation("action: aggregate_labels, label_set: [], aggregation_type: sum");
    assert_eq!(points(&none, ints()), ["m{} 17"]);
    let even = operation("action: aggregate_labels, label_set: [], aggregation_type: median");
    assert_eq!(points(&even, ints()), ["m{} 4"]);
    assert_eq!(points(&even, doubles()), ["m{} 4.0"]);
}

#[test]
fn values_of_one_label_are_aggregated() {
    let yaml = operation(
        "action: aggregate_label_values, label: s, aggregated_values: [slab_a, slab_b], new_value: slab, \
         aggregation_type: sum",
    );
    assert_eq!(
        points(
            &yaml,
            vec![gauge(
                "m",
                vec![
                    int("s=slab_a", 1),
                    int("s=used", 2),
                    int("s=slab_b", 4),
                    int("", 8)
                ]
            )]
        ),
        ["m{s=slab} 5", "m{s=used} 2", "m{} 8"]
    );
}

#[test]
fn times_keep_points_apart_and_the_earliest_start_counts() {
    let at = |labels: &str, start, time| {
        let mut point = int(labels, 1);
        point.start_time_unix_nano = start;
        point.time_unix_nano = time;
        point
    };
    let yaml = operation("action: aggregate_labels, label_set: [], aggregation_type: sum");
    let sent = request(vec![sum(
        "m",
        vec![at("a=1", 5, 9), at("a=2", 3, 9), at("a=1", 5, 10)],
    )]);
    let data = transformed(&yaml, &sent);
    let Some(Data::Sum(result)) = &data.resource_metrics[0].scope_metrics[0].metrics[0].data else {
        panic!()
    };
    let times: Vec<_> = result
        .data_points
        .iter()
        .map(|p| (p.start_time_unix_nano, p.time_unix_nano, p.value.clone()))
        .collect();
    assert_eq!(
        times,
        [
            (3, 9, Some(NumberValue::AsInt(2))),
            (5, 10, Some(NumberValue::AsInt(1)))
        ]
    );
}

fn one(yaml: &str, data: Data) -> Data {
    let metric = Metric {
        name: "m".to_owned(),
        data: Some(data),
        ..Metric::default()
    };
    let mut data = transformed(yaml, &request(vec![metric]));
    data.resource_metrics
        .remove(0)
        .scope_metrics
        .remove(0)
        .metrics
        .remove(0)
        .data
        .unwrap()
}

#[test]
fn histograms_are_summed_and_scaled() {
    let point = |labels, counts: &[u64]| HistogramDataPoint {
        attributes: vec![label("a", labels)],
        count: counts.iter().sum(),
        sum: Some(2.0),
        bucket_counts: counts.to_vec(),
        explicit_bounds: vec![10.0],
        min: Some(1.0),
        max: Some(counts.len() as f64),
        exemplars: vec![Exemplar {
            value: None,
            ..Exemplar::default()
        }],
        ..HistogramDataPoint::default()
    };
    let histogram = |data_points| {
        Data::Histogram(Histogram {
            data_points,
            aggregation_temporality: 2,
        })
    };
    let yaml = operation("action: aggregate_labels, label_set: [], aggregation_type: mean");
    let mut expected = point("", &[4, 6]);
    expected.attributes.clear();
    expected.sum = Some(4.0);
    expected.exemplars.push(Exemplar::default());
    assert_eq!(
        one(
            &yaml,
            histogram(vec![point("1", &[1, 2]), point("2", &[3, 4])])
        ),
        histogram(vec![expected])
    );
    let mut expected = point("1", &[1, 2]);
    expected.sum = Some(4.0);
    expected.explicit_bounds = vec![20.0];
    (expected.min, expected.max) = (Some(2.0), Some(4.0));
    assert_eq!(
        one(
            &operation("action: experimental_scale_value, experimental_scale: 2"),
            histogram(vec![point("1", &[1, 2])])
        ),
        histogram(vec![expected])
    );
}

#[test]
fn exponential_histograms_are_summed_bucket_by_bucket_and_scaled() {
    let point = |labels, offset, counts: &[u64]| ExponentialHistogramDataPoint {
        attributes: vec![label("a", labels)],
        count: counts.iter().sum(),
        sum: Some(1.0),
        zero_count: 1,
        positive: Some(Buckets {
            offset,
            bucket_counts: counts.to_vec(),
        }),
        ..ExponentialHistogramDataPoint::default()
    };
    let histogram = |data_points| {
        Data::ExponentialHistogram(ExponentialHistogram {
            data_points,
            aggregation_temporality: 2,
        })
    };
    let yaml = operation("action: aggregate_labels, label_set: []");
    for (first, second) in [
        ((2, &[1, 2][..]), (0, &[5, 6, 7][..])),
        ((0, &[5, 6, 7]), (2, &[1, 2])),
    ] {
        let mut expected = point("", 0, &[5, 6, 8, 2]);
        expected.attributes.clear();
        (expected.sum, expected.zero_count) = (Some(2.0), 2);
        let sent = histogram(vec![
            point("1", first.0, first.1),
            point("2", second.0, second.1),
        ]);
        assert_eq!(one(&yaml, sent), histogram(vec![expected]));
    }
    // Offsets that no memory could hold between them.
    let far = histogram(vec![point("1", i32::MIN, &[1]), point("2", i32::MAX, &[2])]);
    let Data::ExponentialHistogram(far) = one(&yaml, far) else {
        panic!()
    };
    assert_eq!(far.data_points[0].count, 3);
    assert!(
        far.data_points[0]
            .positive
            .as_ref()
            .unwrap()
            .bucket_counts
            .len()
            < 100_000
    );
    // At scale 0 a factor of 4 moves by two buckets.
    let scaled = one(
        &operation("action: experimental_scale_value, experimental_scale: 4"),
        histogram(vec![point("1", 3, &[1, 2])]),
    );
    let mut expected = point("1", 5, &[1, 2]);
    expected.sum = Some(4.0);
    assert_eq!(scaled, histogram(vec![expected]));
}

#[test]
fn summaries_keep_their_points() {
    let summary = |attributes| {
        Data::Summary(Summary {
            data_points: vec![SummaryDataPoint {
                attributes,
                count: 3,
                ..SummaryDataPoint::default()
            }],
        })
    };
    let yaml = operation("action: aggregate_labels, label_set: []");
    assert_eq!(one(&yaml, summary(vec![label("a", "1")])), summary(vec![]));
}
