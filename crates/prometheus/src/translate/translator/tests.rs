mod slices;

use headwater_core::pdata::owned::{
    Buckets, Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram,
    HistogramDataPoint, InstrumentationScope, KeyValue, Metric, MetricData, MetricsData,
    NumberDataPoint, NumberValue, Resource, ResourceMetrics, ScopeMetrics, Sum, Summary,
    SummaryDataPoint, ValueAtQuantile as Quantile,
};

use super::*;
use crate::remote_write::{Count, STALE_NAN, read};
use crate::translate::{Counts, ResourceLabels, Strategy, downgrade};

const T: u64 = 1_700_000_000_000;
const NANO: u64 = 1_000_000;

fn attributes(pairs: &[(&str, &str)]) -> Vec<KeyValue> {
    pairs
        .iter()
        .map(|(key, value)| KeyValue::new(*key, *value))
        .collect()
}

fn number(value: f64, at: u64, pairs: &[(&str, &str)]) -> NumberDataPoint {
    NumberDataPoint {
        attributes: attributes(pairs),
        time_unix_nano: at * NANO,
        start_time_unix_nano: (T - 5000) * NANO,
        value: Some(NumberValue::Double(value)),
        ..Default::default()
    }
}

fn metric(name: &str, unit: &str, data: MetricData) -> Metric {
    Metric {
        name: name.into(),
        description: "What it is".into(),
        unit: unit.into(),
        data: Some(data),
        ..Default::default()
    }
}

fn gauge(points: Vec<NumberDataPoint>) -> MetricData {
    MetricData::Gauge(Gauge {
        data_points: points,
        ..Default::default()
    })
}

fn counter(temporality: i32, points: Vec<NumberDataPoint>) -> MetricData {
    MetricData::Sum(Sum {
        data_points: points,
        aggregation_temporality: temporality,
        is_monotonic: true,
        ..Default::default()
    })
}

fn batch(resource: &[(&str, &str)], metrics: Vec<Metric>) -> Payload {
    let data = MetricsData {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(Resource {
                attributes: attributes(resource),
                ..Default::default()
            }),
            scope_metrics: vec![ScopeMetrics {
                scope: Some(InstrumentationScope {
                    name: "lib".into(),
                    version: "1.2".into(),
                    ..Default::default()
                }),
                metrics,
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    Payload::from(data.encode())
}

const SERVICE: [(&str, &str); 4] = [
    ("service.name", "api"),
    ("service.namespace", "shop"),
    ("service.instance.id", "i-1"),
    ("host.name", "h"),
];

fn describe(series: &crate::remote_write::Series<'_>) -> String {
    let labels: Vec<_> = series
        .labels
        .iter()
        .map(|(n, v)| format!("{n}={v}"))
        .collect();
    assert!(series.labels.is_sorted(), "{labels:?}");
    let ago = |timestamp: i64| timestamp - T as i64;
    let mut line = labels.join(",");
    for sample in &series.samples {
        let value = if sample.value.to_bits() == STALE_NAN {
            "stale".to_owned()
        } else {
            sample.value.to_string()
        };
        line += &format!(" {value}@{}", ago(sample.timestamp));
        if sample.start != 0 {
            line += &format!("^{}", ago(sample.start));
        }
    }
    for exemplar in &series.exemplars {
        let labels: Vec<_> = exemplar
            .labels
            .iter()
            .map(|(n, v)| format!("{n}={v}"))
            .collect();
        line += &format!(
            " #{} {}@{}",
            labels.join(","),
            exemplar.value,
            ago(exemplar.timestamp)
        );
    }
    for histogram in &series.histograms {
        line += &format!(" {}/{}", histogram.count.as_f64(), histogram.sum);
    }
    if let Some(metadata) = series.metadata {
        line += &format!(
            " {}|{}|{}",
            metadata.kind.as_str(),
            metadata.help,
            metadata.unit
        );
    }
    line
}

/// What a batch becomes: one line per series, then one per family, and how much it is.
fn lines(translator: &mut Translator, payload: &Payload, limit: usize) -> (Vec<String>, Counts) {
    translator.translate(payload);
    let (mut lines, mut families, mut counts) = (Vec::new(), Vec::new(), Counts::default());
    let message = translator.message();
    translator.requests(limit, |request| {
        counts.add(&request.counts);
        let family = |family: &crate::remote_write::Metadata<'_>| {
            let kind = family.kind.as_str();
            families.push(format!(
                "{} {kind} {}|{}",
                family.family, family.help, family.unit
            ));
        };
        let series = |series: &crate::remote_write::Series<'_>| lines.push(describe(series));
        read(message, request.body, series, family).unwrap();
    });
    lines.extend(families);
    (lines, counts)
}

fn translated(options: Options, payload: &Payload) -> Vec<String> {
    let mut translator = Translator::new(options, Message::V1);
    let first = lines(&mut translator, payload, usize::MAX).0;
    // What is known gives the same as what is new.
    assert_eq!(lines(&mut translator, payload, usize::MAX).0, first);
    first
}

#[test]
fn a_gauge_has_the_labels_of_point_service_and_scope() {
    let payload = batch(
        &SERVICE,
        vec![metric(
            "cpu.load",
            "1",
            gauge(vec![number(0.5, T, &[("cpu.id", "0")])]),
        )],
    );
    assert_eq!(
        translated(Options::default(), &payload),
        [
            "__name__=cpu_load_ratio,cpu_id=0,instance=i-1,job=shop/api,otel_scope_name=lib,\
             otel_scope_version=1.2 0.5@0",
            "__name__=target_info,host_name=h,instance=i-1,job=shop/api 1@0",
        ]
    );
}

#[test]
fn options_change_labels_and_names() {
    let payload = batch(
        &SERVICE,
        vec![metric(
            "a.b",
            "s",
            counter(2, vec![number(1.0, T, &[("x.y", "1"), ("job", "own")])]),
        )],
    );
    let options = Options {
        namespace: "ns".to_owned(),
        scope_labels: false,
        target_info: false,
        external_labels: vec![
            ("job".to_owned(), "no".to_owned()),
            ("dc".to_owned(), "eu".to_owned()),
        ],
        resource_labels: ResourceLabels::All {
            except_service: true,
        },
        metadata: true,
        ..Options::default()
    };
    assert_eq!(
        translated(options, &payload),
        [
            "__name__=ns_a_b_seconds_total,dc=eu,host_name=h,instance=i-1,job=shop/api,x_y=1 1@0",
            "ns_a_b_seconds_total counter What it is|seconds",
        ]
    );
    let options = Options {
        strategy: Strategy::UTF8,
        scope_labels: false,
        target_info: false,
        ..Options::default()
    };
    assert_eq!(
        translated(options, &payload),
        ["__name__=a.b,instance=i-1,job=shop/api,x.y=1 1@0"]
    );
}

#[test]
fn names_that_collide_are_joined_in_order() {
    let attributes = [("a.b", "2"), ("a_b", "3"), ("a-b", "1")];
    let payload = batch(
        &[],
        vec![metric("m", "", gauge(vec![number(1.0, T, &attributes)]))],
    );
    let options = Options {
        scope_labels: false,
        ..Options::default()
    };
    assert_eq!(translated(options, &payload), ["__name__=m,a_b=1;2;3 1@0"]);
}

#[test]
fn histograms_become_cumulative_buckets_with_their_exemplars() {
    let exemplar = |value: f64, at: u64| Exemplar {
        value: Some(NumberValue::Double(value)),
        time_unix_nano: at * NANO,
        trace_id: vec![0xab; 16].into(),
        filtered_attributes: attributes(&[("k", "v")]),
        ..Default::default()
    };
    let point = HistogramDataPoint {
        time_unix_nano: T * NANO,
        count: 6,
        sum: Some(9.5),
        bucket_counts: vec![1, 2, 3],
        explicit_bounds: vec![0.5, 1.0],
        exemplars: vec![exemplar(0.7, T - 1), exemplar(7.0, 0)],
        ..Default::default()
    };
    let stale = HistogramDataPoint {
        time_unix_nano: (T + 1) * NANO,
        flags: 1,
        exemplars: Vec::new(),
        ..point.clone()
    };
    let data = MetricData::Histogram(Histogram {
        data_points: vec![point, stale],
        aggregation_temporality: 2,
        ..Default::default()
    });
    let payload = batch(&[], vec![metric("h", "ms", data)]);
    let options = Options {
        scope_labels: false,
        ..Options::default()
    };
    let id = "ab".repeat(16);
    assert_eq!(
        translated(options, &payload),
        [
            "__name__=h_milliseconds_count 6@0 stale@1".to_owned(),
            "__name__=h_milliseconds_sum 9.5@0 stale@1".to_owned(),
            "__name__=h_milliseconds_bucket,le=0.5 1@0 stale@1".to_owned(),
            format!("__name__=h_milliseconds_bucket,le=1 3@0 stale@1 #trace_id={id},k=v 0.7@-1"),
            format!("__name__=h_milliseconds_bucket,le=+Inf 6@0 stale@1 #trace_id={id},k=v 7@0"),
        ]
    );
}

#[test]
fn summaries_and_exponential_histograms_have_their_series() {
    let summary = MetricData::Summary(Summary {
        data_points: vec![SummaryDataPoint {
            time_unix_nano: T * NANO,
            count: 3,
            sum: 4.5,
            quantile_values: vec![
                Quantile {
                    quantile: 0.5,
                    value: 1.0,
                    ..Default::default()
                },
                Quantile {
                    quantile: 0.99,
                    value: 2.0,
                    ..Default::default()
                },
            ],
            ..Default::default()
        }],
        ..Default::default()
    });
    let exponential = |scale| {
        MetricData::ExponentialHistogram(ExponentialHistogram {
            data_points: vec![ExponentialHistogramDataPoint {
                time_unix_nano: T * NANO,
                scale,
                count: 3,
                sum: Some(4.5),
                positive: Some(Buckets {
                    offset: 0,
                    bucket_counts: vec![1, 2],
                    ..Default::default()
                }),
                ..Default::default()
            }],
            aggregation_temporality: 2,
            ..Default::default()
        })
    };
    let metrics = vec![
        metric("s", "", summary),
        metric("e", "", exponential(2)),
        metric("f", "", exponential(-9)),
    ];
    let mut translator = Translator::new(
        Options {
            scope_labels: false,
            ..Options::default()
        },
        Message::V1,
    );
    let outcome = translator.translate(&batch(&[], metrics));
    assert_eq!((outcome.points, outcome.series), (2, 5));
    assert_eq!(outcome.refused[0].reason, "unsupported_histogram");
    let mut seen = Vec::new();
    translator.requests(1 << 20, |request| {
        let count = |s: &crate::remote_write::Series<'_>| {
            seen.push(describe(s));
            if let Some(histogram) = s.histograms.first() {
                assert_eq!((histogram.count, histogram.schema), (Count::Int(3), 2));
            }
        };
        read(Message::V1, request.body, count, |_| {}).unwrap();
        assert_eq!(
            (
                request.counts.items,
                request.counts.samples,
                request.counts.histograms
            ),
            (2, 4, 1)
        );
    });
    assert_eq!(
        seen,
        [
            "__name__=s_count 3@0",
            "__name__=s_sum 4.5@0",
            "__name__=s,quantile=0.5 1@0",
            "__name__=s,quantile=0.99 2@0",
            "__name__=e 3/4.5",
        ]
    );
}

#[test]
fn delta_values_are_refused_with_a_word_about_what_helps() {
    let points = || vec![number(1.0, T, &[("a", "1")]), number(1.0, T, &[("a", "2")])];
    let metrics = vec![
        metric("d", "", counter(1, points())),
        metric("u", "", counter(0, points())),
        metric("g", "", gauge(points())),
    ];
    let mut translator = Translator::new(Options::default(), Message::V1);
    let outcome = translator.translate(&batch(&[], metrics));
    assert_eq!(outcome.points, 2);
    let reasons: Vec<_> = outcome
        .refused
        .iter()
        .map(|r| (r.reason, r.points))
        .collect();
    assert_eq!(
        reasons,
        [("delta_temporality", 2), ("invalid_temporality", 2)]
    );
    assert!(outcome.refused[0].example.contains("deltatocumulative"));
}

#[test]
fn samples_of_a_series_are_in_order_of_time_and_unique() {
    let points = |times: &[(u64, f64)]| {
        times
            .iter()
            .map(|(at, value)| number(*value, *at, &[]))
            .collect()
    };
    let later = metric("m", "", gauge(points(&[(T + 3, 3.0), (T + 1, 1.0)])));
    let again = metric("m", "", gauge(points(&[(T + 3, 4.0), (T + 2, 2.0)])));
    let mut translator = Translator::new(
        Options {
            scope_labels: false,
            ..Options::default()
        },
        Message::V1,
    );
    let (lines, counts) = lines(&mut translator, &batch(&[], vec![later, again]), 1 << 20);
    assert_eq!(lines, ["__name__=m 1@1 2@2 4@3"]);
    assert_eq!((counts.items, counts.duplicates, counts.samples), (3, 1, 3));
}

#[test]
fn requests_are_split_by_size_and_hold_everything_once() {
    let points: Vec<_> = (0..500)
        .map(|n| number(f64::from(n), T, &[("n", &n.to_string())]))
        .collect();
    let payload = batch(&SERVICE, vec![metric("m", "", counter(2, points))]);
    for message in [Message::V1, Message::V2] {
        let mut translator = Translator::new(Options::default(), message);
        let whole = lines(&mut translator, &payload, usize::MAX);
        translator.translate(&payload);
        let mut sizes = Vec::new();
        translator.requests(2000, |request| sizes.push(request.body.len()));
        assert!(
            sizes.len() > 5 && sizes.iter().all(|size| *size <= 2000),
            "{sizes:?}"
        );
        assert_eq!(lines(&mut translator, &payload, 2000), whole);
        assert_eq!((whole.1.items, whole.1.series), (500, 501));
    }
}

#[test]
fn version_2_says_the_same_and_more() {
    let mut point = number(1.0, T, &[("a", "1")]);
    point.exemplars.push(Exemplar {
        value: Some(NumberValue::Int(3)),
        time_unix_nano: T * NANO,
        span_id: vec![1; 8].into(),
        filtered_attributes: attributes(&[("a", "api"), ("new", "text")]),
        ..Default::default()
    });
    let payload = batch(&SERVICE, vec![metric("m", "By", counter(2, vec![point]))]);
    let mut second = Translator::new(Options::default(), Message::V2);
    let (v2, _) = lines(&mut second, &payload, usize::MAX);
    let exemplar = "#span_id=0101010101010101,a=api,new=text 3@0";
    let labels = "__name__=m_bytes_total,a=1,instance=i-1,job=shop/api,otel_scope_name=lib,otel_scope_version=1.2";
    let info = "__name__=target_info,host_name=h,instance=i-1,job=shop/api 1@0";
    assert_eq!(
        v2,
        [
            format!("{labels} 1@0^-5000 {exemplar} counter|What it is|bytes"),
            format!("{info} gauge|Target metadata|"),
        ]
    );
    // Every symbol once; and 1.0 can be made of it.
    second.translate(&payload);
    second.requests(usize::MAX, |request| {
        let mut symbols: Vec<_> = Walk::new(request.body).messages(4).collect();
        let all = symbols.len();
        assert!(symbols[0].is_empty());
        symbols.sort_unstable();
        symbols.dedup();
        assert_eq!(symbols.len(), all);
        let mut seen = Vec::new();
        let first = downgrade(request.body).unwrap();
        read(
            Message::V1,
            &first,
            |series| seen.push(describe(series)),
            |_| {},
        )
        .unwrap();
        assert_eq!(seen, [format!("{labels} 1@0 {exemplar}"), info.to_owned()]);
    });
}

#[test]
fn the_order_of_attributes_does_not_matter() {
    let points = vec![
        number(1.0, T, &[("a", "1"), ("b", "2")]),
        number(2.0, T + 1, &[("b", "2"), ("a", "1")]),
    ];
    let mut translator = Translator::new(Options::default(), Message::V1);
    let (lines, _) = lines(
        &mut translator,
        &batch(&[], vec![metric("m", "", gauge(points))]),
        1 << 20,
    );
    assert_eq!(lines.len(), 1);
    assert!(lines[0].ends_with("1@0 2@1"), "{lines:?}");
    assert_eq!(translator.known_series(), 1);
}

#[test]
fn the_cache_is_bounded_and_forgetting_changes_nothing() {
    let options = Options {
        series_cache_size: 50,
        scope_labels: false,
        ..Options::default()
    };
    let mut translator = Translator::new(options, Message::V2);
    for round in 0..100 {
        let points = (0..10)
            .map(|n| number(1.0, T, &[("n", &(round * 10 + n).to_string())]))
            .collect();
        let payload = batch(&[], vec![metric("m", "", gauge(points))]);
        let (lines, _) = lines(&mut translator, &payload, usize::MAX);
        assert_eq!(lines.len(), 10);
        assert!(lines[3].starts_with(&format!("__name__=m,n={}", round * 10 + 3)));
        assert!(translator.known_series() <= 60);
    }
}

#[test]
fn bytes_that_are_no_metrics_do_no_harm() {
    let payload = batch(
        &SERVICE,
        vec![metric("m", "", gauge(vec![number(1.0, T, &[("a", "b")])]))],
    );
    let bytes = payload.to_contiguous();
    let mut translator = Translator::new(Options::default(), Message::V2);
    for at in 0..bytes.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut broken = bytes.to_vec();
            broken[at] ^= flip;
            lines(&mut translator, &Payload::from(broken), 100);
        }
        lines(&mut translator, &Payload::from(bytes.slice(..at)), 100);
    }
}
