//! What requests become, and how they are answered.

use std::time::Duration;

use headwater_core::ConsumeError;
use headwater_core::pdata::Payload;
use headwater_core::pdata::owned::{
    self, AnyValue, HistogramDataPoint, KeyValue, Metric, MetricData, MetricsData, NumberValue,
    ResourceMetrics, ScopeMetrics, Text, Value,
};
use headwater_prometheus::remote_write::encode::{
    put_exemplar, put_family, put_histogram, put_label, put_metadata, put_refs, put_sample,
    put_series, put_symbol,
};
use headwater_prometheus::remote_write::{
    BucketSpan, Buckets, Count, Histogram, Message, MetricType, STALE_NAN, read,
};
use headwater_prometheus::translate::{ExplicitHistograms, Options, Translator};
use headwater_testkit::Answer;

use crate::support::{Setup, T, v1, written};

fn text(value: &AnyValue) -> String {
    match &value.value {
        Value::String(text) => text.to_lossy().into_owned(),
        other => format!("{other:?}"),
    }
}

fn pairs(attributes: &[KeyValue]) -> Vec<(String, String)> {
    attributes
        .iter()
        .map(|entry| (entry.key.to_lossy().into_owned(), text(&entry.value)))
        .collect()
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

#[tokio::test]
async fn labels_become_resource_scope_and_attributes() {
    let setup = Setup::new().await;
    let labels: &[(&str, &str)] = &[
        ("__name__", "up"),
        ("empty", ""),
        ("instance", "h:1"),
        ("job", "shop/api"),
        ("otel_scope_name", "lib"),
        ("otel_scope_k", "v"),
        ("otel_scope_version", "2"),
        ("zone", "eu"),
    ];
    let info: &[(&str, &str)] = &[
        ("__name__", "target_info"),
        ("host_name", "n"),
        ("instance", "h:1"),
        ("job", "shop/api"),
    ];
    let other: &[(&str, &str)] = &[("__name__", "up"), ("job", "plain")];
    let answer = setup
        .write(
            Message::V1,
            &v1(&[(labels, 1.0), (other, 2.0), (info, 1.0)]),
        )
        .await;
    assert_eq!((answer.status, answer.text()), (204, ""));
    let resources = setup.resources();
    assert_eq!(resources.len(), 2);
    let attributes = pairs(&resources[0].resource.as_ref().unwrap().attributes);
    assert_eq!(
        attributes,
        owned(&[
            ("service.namespace", "shop"),
            ("service.name", "api"),
            ("service.instance.id", "h:1"),
            ("host_name", "n"),
        ])
    );
    let scope = &resources[0].scope_metrics[0];
    let named = scope.scope.as_ref().unwrap();
    assert_eq!(
        (named.name.clone(), named.version.clone()),
        (Text::from("lib"), Text::from("2"))
    );
    assert_eq!(pairs(&named.attributes), owned(&[("k", "v")]));
    let Some(MetricData::Gauge(gauge)) = &scope.metrics[0].data else {
        panic!("no gauge");
    };
    let point = &gauge.data_points[0];
    assert_eq!(pairs(&point.attributes), owned(&[("zone", "eu")]));
    assert_eq!(point.time_unix_nano, T as u64 * 1_000_000);
    assert_eq!(
        pairs(&scope.metrics[0].metadata),
        owned(&[("prometheus.type", "unknown")])
    );
    let second = resources[1].scope_metrics[0].scope.as_ref().unwrap();
    assert_eq!(second.name, Text::from("headwater/prometheusremotewrite"));
    assert_eq!(
        pairs(&resources[1].resource.as_ref().unwrap().attributes),
        owned(&[("service.name", "plain")])
    );
    // What a target is, is remembered.
    setup.write(Message::V1, &v1(&[(labels, 1.0)])).await;
    let later = &setup.resources()[2];
    assert!(
        pairs(&later.resource.as_ref().unwrap().attributes)
            .contains(&("host_name".into(), "n".into()))
    );
    setup.stop().await;
}

#[tokio::test]
async fn metadata_of_version_1_gives_types_to_later_series() {
    let setup = Setup::new().await;
    let mut request = Vec::new();
    put_family(&mut request, MetricType::Counter, "c_total", "How many", "");
    put_family(
        &mut request,
        MetricType::Histogram,
        "h",
        "How long",
        "seconds",
    );
    let answer = setup.write(Message::V1, &request).await;
    assert_eq!(answer.status, 204);
    let series: &[(&[(&str, &str)], f64)] = &[
        (&[("__name__", "c_total")], 5.0),
        (&[("__name__", "h_bucket"), ("le", "1")], 2.0),
        (&[("__name__", "h_count")], 2.0),
    ];
    setup.write(Message::V1, &v1(series)).await;
    let metrics = setup.metrics();
    let Some(MetricData::Sum(sum)) = &metrics[0].data else {
        panic!("no sum");
    };
    assert!(sum.is_monotonic && sum.aggregation_temporality == 2);
    assert_eq!(metrics[0].description, Text::from("How many"));
    for metric in &metrics[1..] {
        assert!(matches!(metric.data, Some(MetricData::Gauge(_))));
        assert_eq!(
            pairs(&metric.metadata),
            owned(&[("prometheus.type", "histogram")])
        );
    }
    setup.stop().await;
}

/// Two series of 2.0: a counter with an exemplar, and a native histogram.
fn v2() -> Vec<u8> {
    let mut request = Vec::new();
    for symbol in [
        "",
        "__name__",
        "c_total",
        "How",
        "h",
        "trace_id",
        "0123456789abcdef0123456789abcdef",
        "k",
        "v",
    ] {
        put_symbol(&mut request, symbol);
    }
    let (mut labels, mut rest) = (Vec::new(), Vec::new());
    put_refs(&mut labels, [1, 2].into_iter());
    put_sample(&mut rest, Message::V2, 5.0_f64.to_bits(), T, T - 1000);
    put_sample(&mut rest, Message::V2, STALE_NAN, T + 1, 0);
    put_exemplar(&mut rest, Message::V2, 1.0_f64.to_bits(), T, |out| {
        put_refs(out, [5, 6, 7, 8].into_iter());
    });
    put_metadata(&mut rest, MetricType::Counter, 3, 0);
    put_series(&mut request, Message::V2, &labels, &rest);
    let histogram = Histogram {
        count: Count::Int(3),
        sum: 2.5,
        schema: 1,
        positive: Buckets {
            spans: vec![BucketSpan {
                offset: 1,
                length: 2,
            }],
            deltas: vec![1, 1],
            counts: Vec::new(),
        },
        timestamp: T,
        ..Histogram::default()
    };
    let mut bytes = Vec::new();
    histogram.put(&mut bytes);
    (labels, rest) = (Vec::new(), Vec::new());
    put_refs(&mut labels, [1, 4].into_iter());
    put_histogram(&mut rest, Message::V2, &bytes, T - 5);
    put_metadata(&mut rest, MetricType::Histogram, 0, 0);
    put_series(&mut request, Message::V2, &labels, &rest);
    request
}

#[tokio::test]
async fn version_2_keeps_types_starts_exemplars_and_native_histograms() {
    let setup = Setup::new().await;
    let answer = setup.write(Message::V2, &v2()).await;
    assert_eq!((answer.status, written(&answer)), (204, ["2", "1", "1"]));
    let metrics = setup.metrics();
    let Some(MetricData::Sum(sum)) = &metrics[0].data else {
        panic!("no sum");
    };
    let [first, second] = sum.data_points.as_slice() else {
        panic!("not two points");
    };
    assert_eq!(first.value, Some(NumberValue::Double(5.0)));
    assert_eq!(first.start_time_unix_nano, (T as u64 - 1000) * 1_000_000);
    assert_eq!((second.value, second.flags), (None, 1));
    let exemplar = &first.exemplars[0];
    assert_eq!(exemplar.trace_id[..2], [0x01, 0x23]);
    assert_eq!(pairs(&exemplar.filtered_attributes), owned(&[("k", "v")]));
    let Some(MetricData::ExponentialHistogram(native)) = &metrics[1].data else {
        panic!("no exponential histogram");
    };
    let point = &native.data_points[0];
    assert_eq!((point.scale, point.count, point.sum), (1, 3, Some(2.5)));
    let positive = point.positive.as_ref().unwrap();
    assert_eq!(
        (positive.offset, positive.bucket_counts.as_slice()),
        (0, &[1, 2][..])
    );
    setup.stop().await;
}

/// As Prometheus writes them: each in an entry of its own, after that of the sample.
#[tokio::test]
async fn exemplars_of_their_own_go_to_the_sample_of_their_series() {
    let setup = Setup::new().await;
    let labels: &[(&str, &str)] = &[("__name__", "c_total"), ("path", "/")];
    let other: &[(&str, &str)] = &[("__name__", "c_total"), ("path", "/b")];
    let unknown: &[(&str, &str)] = &[("__name__", "d_total")];
    let mut request = v1(&[(labels, 1.0), (other, 2.0)]);
    for (of, value) in [(other, 0.5), (labels, 0.25), (labels, 0.75), (unknown, 1.0)] {
        let (mut encoded, mut rest) = (Vec::new(), Vec::new());
        for (name, value) in of {
            put_label(&mut encoded, name, value);
        }
        put_exemplar(&mut rest, Message::V1, f64::to_bits(value), T, |out| {
            put_label(out, "k", "v");
        });
        put_series(&mut request, Message::V1, &encoded, &rest);
    }
    assert_eq!(setup.write(Message::V1, &request).await.status, 204);
    let metrics = setup.metrics();
    assert_eq!(metrics.len(), 1);
    let Some(MetricData::Gauge(gauge)) = &metrics[0].data else {
        panic!("no gauge: {metrics:?}");
    };
    let values: Vec<Vec<_>> = gauge
        .data_points
        .iter()
        .map(|point| point.exemplars.iter().map(|it| it.value).collect())
        .collect();
    let double = |value| Some(NumberValue::Double(value));
    assert_eq!(
        values,
        [vec![double(0.25), double(0.75)], vec![double(0.5)]]
    );
    setup.stop().await;
}

#[tokio::test]
async fn what_comes_in_goes_out_again_the_same() {
    let setup = Setup::new().await;
    setup.write(Message::V2, &v2()).await;
    let payload: Payload = setup.recorder.batches()[0].payload().clone();
    let options = Options {
        scope_labels: false,
        target_info: false,
        ..Options::default()
    };
    let mut translator = Translator::new(options, Message::V2);
    assert_eq!(translator.translate(&payload).points, 3);
    let (mut before, mut after) = (Vec::new(), Vec::new());
    read(
        Message::V2,
        &v2(),
        |series| before.push(format!("{series:?}").replace("1e-128", "0.0")),
        |_| {},
    )
    .unwrap();
    translator.requests(usize::MAX, |request| {
        read(
            Message::V2,
            request.body,
            |series| after.push(format!("{series:?}").replace("1e-128", "0.0")),
            |_| {},
        )
        .unwrap();
    });
    // NaN is written with its bits lost, but it is the same on both sides.
    assert_eq!(before, after);
    setup.stop().await;
}

#[tokio::test]
async fn a_histogram_with_custom_buckets_is_the_explicit_one_that_it_was_made_of() {
    let point = HistogramDataPoint {
        time_unix_nano: T as u64 * 1_000_000,
        start_time_unix_nano: (T as u64 - 5000) * 1_000_000,
        count: 13,
        sum: Some(42.5),
        explicit_bounds: (0..8).map(f64::from).collect(),
        bucket_counts: vec![0, 3, 0, 0, 0, 0, 6, 0, 4],
        ..HistogramDataPoint::default()
    };
    let metric = Metric {
        name: "wait".into(),
        data: Some(MetricData::Histogram(owned::Histogram {
            data_points: vec![point.clone()],
            aggregation_temporality: 2,
            ..owned::Histogram::default()
        })),
        ..Metric::default()
    };
    let data = MetricsData {
        resource_metrics: vec![ResourceMetrics {
            scope_metrics: vec![ScopeMetrics {
                metrics: vec![metric],
                ..ScopeMetrics::default()
            }],
            ..ResourceMetrics::default()
        }],
        ..MetricsData::default()
    };
    let options = Options {
        explicit_histograms: ExplicitHistograms::Native,
        ..Options::default()
    };
    let mut translator = Translator::new(options, Message::V2);
    translator.translate(&Payload::from(data.encode()));
    let mut request = Vec::new();
    translator.requests(usize::MAX, |written| request = written.body.to_vec());
    let setup = Setup::new().await;
    assert_eq!(setup.write(Message::V2, &request).await.status, 204);
    let metrics = setup.metrics();
    let [
        Metric {
            data: Some(MetricData::Histogram(histogram)),
            ..
        },
    ] = &metrics[..]
    else {
        panic!("no histogram: {metrics:?}");
    };
    assert_eq!(histogram.data_points, [point]);
    setup.stop().await;
}

#[tokio::test]
async fn a_part_that_cannot_be_taken_is_named_and_the_rest_goes_on() {
    let good: &[(&str, &str)] = &[("__name__", "up")];
    for (bad, problem) in [
        (
            &[("job", "x")][..],
            "missing metric name in labels {job=\"x\"}",
        ),
        (
            &[("__name__", "m"), ("a", "1"), ("a", "2")],
            "duplicate label \"a\"",
        ),
        (&[("", "x"), ("__name__", "m")], "empty label name"),
    ] {
        let setup = Setup::new().await;
        let answer = setup
            .write(Message::V1, &v1(&[(bad, 1.0), (good, 2.0)]))
            .await;
        assert_eq!(answer.status, 400);
        assert!(answer.text().contains(problem), "{}", answer.text());
        assert_eq!(setup.metrics().len(), 1);
        assert_eq!(
            (setup.points("accepted"), setup.points("failed")),
            (1.0, 1.0)
        );
        setup.stop().await;
    }
    // In 2.0 the numbers say how much it was.
    let setup = Setup::new().await;
    let mut request = v2();
    let (mut labels, mut rest) = (Vec::new(), Vec::new());
    put_refs(&mut labels, [7, 8].into_iter());
    put_sample(&mut rest, Message::V2, 0, T, 0);
    put_series(&mut request, Message::V2, &labels, &rest);
    let answer = setup.write(Message::V2, &request).await;
    assert_eq!((answer.status, written(&answer)), (400, ["2", "1", "1"]));
    setup.stop().await;
}

#[tokio::test]
async fn what_one_tenant_says_of_a_target_is_no_attribute_of_anothers() {
    let setup = Setup::new().await;
    let info: &[(&[(&str, &str)], f64)] = &[(
        &[
            ("__name__", "target_info"),
            ("instance", "i"),
            ("job", "j"),
            ("secret", "of a"),
        ],
        1.0,
    )];
    let series: &[(&[(&str, &str)], f64)] =
        &[(&[("__name__", "up"), ("instance", "i"), ("job", "j")], 1.0)];
    let senders = [
        "X-Scope-OrgID: a\r\n",
        "X-Scope-OrgID: b\r\n",
        "Authorization: Basic Yjpi\r\n",
        "",
    ];
    setup.write_as(senders[0], Message::V1, &v1(info)).await;
    for sender in senders {
        setup.write_as(sender, Message::V1, &v1(series)).await;
    }
    let told: Vec<_> = setup
        .resources()
        .iter()
        .map(|entry| {
            let resource = entry.resource.as_ref().unwrap();
            pairs(&resource.attributes)
                .iter()
                .any(|(key, _)| key == "secret")
        })
        .collect();
    assert_eq!(told, [true, false, false, false]);
    setup.stop().await;
}

#[tokio::test]
async fn bad_requests_are_answered_with_their_reason() {
    let setup = Setup::new().await;
    let v1 = "Content-Type: application/x-protobuf\r\n";
    let snappy = "Content-Encoding: snappy\r\n";
    let write = "/api/v1/write";
    for (path, headers, body, status, text) in [
        ("/other", format!("{v1}{snappy}"), &b""[..], 404, "404"),
        (
            write,
            format!("Content-Type: text/plain\r\n{snappy}"),
            b"",
            415,
            "not a content type",
        ),
        (
            write,
            format!("Content-Type: application/x-protobuf;proto=x\r\n{snappy}"),
            b"",
            415,
            "proto=",
        ),
        (write, v1.to_owned(), b"", 415, "want snappy"),
        (
            write,
            format!("{v1}Content-Encoding: gzip\r\n"),
            b"",
            415,
            "want snappy",
        ),
        (write, format!("{v1}{snappy}"), b"garbage", 400, "snappy"),
    ] {
        let answer = setup.post(path, &headers, body).await;
        assert_eq!(answer.status, status, "{headers}");
        assert!(answer.text().contains(text), "{}", answer.text());
    }
    // A bomb: 64 MiB in three.
    let bomb = setup.write(Message::V1, &vec![0; 64 << 20]).await;
    assert_eq!(bomb.status, 400);
    assert!(bomb.text().contains("limit"), "{}", bomb.text());
    let broken = setup.write(Message::V1, &[0x0a, 0x7f, 1]).await;
    assert_eq!(
        (broken.status, broken.text()),
        (400, "proto: message is truncated\n")
    );
    let broken = setup.write(Message::V2, &[0x22, 0x01, b'x']).await;
    assert_eq!((broken.status, written(&broken)), (400, ["0", "0", "0"]));
    assert_eq!(setup.recorder.calls(), 0);
    setup.stop().await;
}

#[tokio::test]
async fn what_the_pipeline_says_reaches_the_sender() {
    let request = v1(&[(&[("__name__", "up")], 1.0)]);
    for (error, status, after) in [
        (ConsumeError::permanent("no"), 400, ""),
        (
            ConsumeError::refused("full", Some(Duration::from_secs(7))),
            429,
            "7",
        ),
        (ConsumeError::retryable("down", None), 503, "1"),
    ] {
        let setup = Setup::new().await;
        let message = error.to_string();
        setup.recorder.answer(Answer::Fail(error));
        let answer = setup.write(Message::V1, &request).await;
        assert_eq!(
            (answer.status, answer.header("retry-after")),
            (status, after)
        );
        assert!(answer.text().contains(&message));
        assert_eq!(setup.points("refused"), 1.0);
        setup.stop().await;
    }
    let setup = Setup::new().await;
    setup
        .recorder
        .answer(Answer::Fail(ConsumeError::refused("full", None)));
    assert_eq!(
        written(&setup.write(Message::V2, &v2()).await),
        ["0", "0", "0"]
    );
    setup.stop().await;
}

#[tokio::test]
async fn changed_bytes_never_do_harm() {
    let setup = Setup::new().await;
    let request = v2();
    for at in (0..request.len()).step_by(3) {
        let mut broken = request.clone();
        broken[at] ^= 0xff;
        let answer = setup.write(Message::V2, &broken).await;
        assert!(matches!(answer.status, 204 | 400), "{answer:?}");
    }
    for batch in setup.recorder.batches() {
        MetricsData::decode(&batch.payload().to_contiguous()).unwrap();
    }
    let mut labels = Vec::new();
    put_label(&mut labels, "__name__", "still_there");
    assert_eq!(
        setup
            .write(Message::V1, &v1(&[(&[("__name__", "up")], 1.0)]))
            .await
            .status,
        204
    );
    setup.stop().await;
}
