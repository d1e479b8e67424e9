//! More of what the compliance tests for senders ask for: everything in one request, odd sizes, odd
//! times, odd answers. `checks.rs` has one test for each part of the protocol, `cases.rs` the list.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use headwater_core::pdata::owned::{
    Buckets, Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Histogram,
    HistogramDataPoint, Metric, MetricData, NumberValue, Summary, SummaryDataPoint,
    ValueAtQuantile,
};
use headwater_core::pdata::wire::Fields;
use headwater_exporter_prometheus_remote_write::ProtobufMessage;
use headwater_prometheus::remote_write::{Message, MetricType, SAMPLES_WRITTEN};
use headwater_transport::http::Response;
use http::{HeaderName, HeaderValue, StatusCode};
use tokio::io::AsyncReadExt as _;

use crate::support::{Backend, Received, T, batch, config, gauge, many, one, point, started, sum};

const BOTH: [ProtobufMessage; 2] = [ProtobufMessage::V1, ProtobufMessage::V2];

/// The requests that this batch becomes, all of whose points arrive.
async fn requests(message: ProtobufMessage, metrics: Vec<Metric>, items: usize) -> Vec<Received> {
    let backend = Backend::start();
    let mut config = config(backend.address);
    config.protobuf_message = message;
    let setup = started(&config).await;
    setup.consume(batch(items, metrics)).await;
    assert_eq!(setup.stop().await.sent, items as u64);
    backend.received()
}

fn exemplar() -> Exemplar {
    Exemplar {
        time_unix_nano: T * 1_000_000,
        value: Some(NumberValue::Double(0.5)),
        trace_id: vec![0xab; 16].into(),
        ..Exemplar::default()
    }
}

fn named(name: &str, data: MetricData) -> Metric {
    Metric {
        name: name.into(),
        description: "Described".into(),
        data: Some(data),
        ..Metric::default()
    }
}

/// One metric of each type, with exemplars where a type has them.
fn every_type() -> Vec<Metric> {
    let mut counted = point(T, 1.0, &[]);
    counted.exemplars = vec![exemplar()];
    let histogram = HistogramDataPoint {
        time_unix_nano: T * 1_000_000,
        count: 3,
        sum: Some(4.0),
        bucket_counts: vec![1, 2],
        explicit_bounds: vec![1.0],
        exemplars: vec![exemplar()],
        ..HistogramDataPoint::default()
    };
    let native = |count: u64, buckets: Vec<u64>| ExponentialHistogramDataPoint {
        time_unix_nano: T * 1_000_000,
        count,
        sum: Some(2.0),
        positive: Some(Buckets {
            bucket_counts: buckets,
            ..Buckets::default()
        }),
        ..ExponentialHistogramDataPoint::default()
    };
    let natives = |points| {
        MetricData::ExponentialHistogram(ExponentialHistogram {
            data_points: points,
            aggregation_temporality: 2,
            ..ExponentialHistogram::default()
        })
    };
    let summary = SummaryDataPoint {
        time_unix_nano: T * 1_000_000,
        count: 1,
        sum: 2.0,
        quantile_values: vec![ValueAtQuantile {
            quantile: 0.5,
            value: 2.0,
            ..ValueAtQuantile::default()
        }],
        ..SummaryDataPoint::default()
    };
    vec![
        sum("counter", 2, vec![counted]),
        gauge("gauge", vec![point(T, 1.0, &[])]),
        named(
            "histogram",
            MetricData::Histogram(Histogram {
                data_points: vec![histogram],
                aggregation_temporality: 2,
                ..Histogram::default()
            }),
        ),
        named("native", natives(vec![native(3, vec![1, 2])])),
        named("native_empty", natives(vec![native(0, Vec::new())])),
        named(
            "summary",
            MetricData::Summary(Summary {
                data_points: vec![summary],
                ..Summary::default()
            }),
        ),
    ]
}

#[tokio::test]
async fn combined_features() {
    for message in BOTH {
        let requests = requests(message, every_type(), 6).await;
        assert_eq!(requests.len(), 1);
        let mut kinds = BTreeMap::new();
        let mut seen = BTreeSet::new();
        requests[0].visit(|series| {
            let name = series.label("__name__").to_owned();
            // Samples or histograms, and never both.
            let counts = (series.samples.len(), series.histograms.len());
            let native = name.starts_with("native");
            assert_eq!(counts, if native { (0, 1) } else { (1, 0) }, "{name}");
            assert_eq!(series.label("job"), "api", "{name}");
            let exemplified = match name.as_str() {
                "counter_seconds_total" => true,
                "histogram_bucket" => series.label("le") == "1",
                _ => false,
            };
            assert_eq!(!series.exemplars.is_empty(), exemplified, "{name}");
            if let Some(metadata) = series.metadata {
                kinds.insert(name.clone(), metadata.kind);
            }
            let which = [series.label("le"), series.label("quantile")].concat();
            seen.insert(format!("{name}{which}"));
        });
        let complete = [
            "counter_seconds_total",
            "gauge",
            "histogram_bucket+Inf",
            "histogram_bucket1",
            "histogram_count",
            "histogram_sum",
            "native",
            "native_empty",
            "summary0.5",
            "summary_count",
            "summary_sum",
        ];
        assert!(seen.iter().eq(complete), "{seen:?}");
        if message == ProtobufMessage::V2 {
            assert_eq!(kinds["counter_seconds_total"], MetricType::Counter);
            assert_eq!(kinds["native"], MetricType::Histogram);
            assert_eq!(kinds["summary"], MetricType::Summary);
        }
    }
}

#[tokio::test]
async fn empty_scrape() {
    let backend = Backend::start();
    let setup = started(&config(backend.address)).await;
    setup.consume(batch(0, Vec::new())).await;
    setup.consume(batch(0, vec![gauge("m", Vec::new())])).await;
    setup.consume(one(T, 1.0)).await;
    assert_eq!(setup.stop().await.sent, 1);
    // A request without series would say nothing.
    assert!(
        backend
            .received()
            .iter()
            .all(|request| !request.series().is_empty())
    );
}

#[tokio::test]
async fn names_and_labels_of_any_size() {
    let name = "n".repeat(5_000);
    let long_name = "l".repeat(5_000);
    let huge = "v".repeat(1 << 20);
    let many: Vec<_> = (0..150).map(|n| format!("label_{n}")).collect();
    let mut labels: Vec<(&str, &str)> = many.iter().map(|label| (label.as_str(), "v")).collect();
    labels.extend([
        (long_name.as_str(), "v"),
        ("huge", huge.as_str()),
        ("__reserved__", "v"),
    ]);
    for message in BOTH {
        let metric = gauge(&name, vec![point(T, 1.0, &labels)]);
        let requests = requests(message, vec![metric], 1).await;
        let mut checked = false;
        requests[0].visit(|series| {
            assert_eq!(series.label("__name__"), name);
            assert_eq!(series.label("huge").len(), 1 << 20);
            assert_eq!(series.label(&long_name), "v");
            assert_eq!(series.label("label_149"), "v");
            assert_eq!(series.label("__reserved__"), "v");
            checked = true;
        });
        assert!(checked);
    }
}

#[tokio::test]
async fn times_at_the_edges() {
    for message in BOTH {
        // In 1970, with less than a millisecond, and counted since nobody knows when.
        let mut metric = sum("c", 2, vec![point(0, 1.0, &[("at", "zero")])]);
        if let Some(MetricData::Sum(sum)) = &mut metric.data {
            sum.data_points[0].start_time_unix_nano = 0;
            let mut precise = point(T, 2.0, &[("at", "precise")]);
            precise.time_unix_nano += 999_999;
            sum.data_points.push(precise);
        }
        let requests = requests(message, vec![metric], 2).await;
        let mut seen = BTreeMap::new();
        requests[0].visit(|series| {
            let sample = series.samples[0];
            assert!(sample.start <= sample.timestamp);
            seen.insert(
                series.label("at").to_owned(),
                (sample.timestamp, sample.start),
            );
        });
        let start = if message == ProtobufMessage::V2 {
            T as i64 - 1000
        } else {
            0
        };
        assert_eq!(seen["zero"], (0, 0));
        assert_eq!(seen["precise"], (T as i64, start));
    }
}

#[tokio::test]
async fn batches_of_any_size_keep_their_symbols_to_themselves() {
    let backend = Backend::start();
    let mut config = config(backend.address);
    config.protobuf_message = ProtobufMessage::V2;
    let setup = started(&config).await;
    for (at, series) in [1, 200, 3].into_iter().enumerate() {
        setup.consume(many(T + at as u64, series)).await;
        setup.done().await;
    }
    setup.stop().await;
    let of = |request: &Received| {
        let fields = Fields::new(&request.body).map(Result::unwrap);
        fields.filter(|field| field.number == 4).count()
    };
    let received = backend.received();
    let symbols: Vec<_> = received.iter().map(of).collect();
    // The empty one; name, job and `n` with the values of the first two; the values of `n`.
    assert_eq!(symbols, [7, 206, 9]);
}

#[tokio::test]
async fn version_1_has_no_symbols() {
    let requests = requests(ProtobufMessage::V1, every_type(), 6).await;
    let allowed =
        Fields::new(&requests[0].body).all(|field| matches!(field.unwrap().number, 1 | 3));
    assert!(allowed, "time series and metadata only");
}

#[tokio::test]
async fn every_2xx_is_a_success_whatever_its_body() {
    for (message, protocol) in BOTH.into_iter().zip([Message::V1, Message::V2]) {
        let backend = Backend::start();
        let mut config = config(backend.address);
        config.protobuf_message = message;
        let body = |status| {
            let answer = Response::new(status, "text/html", vec![0xff; 100_000]);
            let name = HeaderName::from_static(SAMPLES_WRITTEN);
            answer.with_header(name, HeaderValue::from(1))
        };
        backend.say([StatusCode::OK, StatusCode::ACCEPTED].map(body));
        let setup = started(&config).await;
        for at in 0..3 {
            setup.consume(one(T + at, 1.0)).await;
            setup.done().await;
        }
        assert_eq!(setup.stop().await.sent, 3);
        let received = backend.received();
        // Nothing was repeated, and nobody fell back.
        assert_eq!(received.len(), 3);
        assert!(received.iter().all(|request| request.message() == protocol));
    }
}

#[tokio::test]
async fn statuses_that_nobody_defined_are_survived() {
    for status in [299, 304, 499, 599, 799] {
        let backend = Backend::start();
        backend.say_status([status]);
        let setup = started(&config(backend.address)).await;
        setup.consume(one(T, 1.0)).await;
        setup.done().await;
        setup.consume(one(T + 1, 1.0)).await;
        setup.done().await;
        let balance = setup.stop().await;
        assert!(balance.sent >= 1, "{status}: {balance:?}");
    }
}

#[tokio::test]
async fn an_answer_that_never_comes_is_tried_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut config = config(address);
    config.retry_on_failure.initial_interval = Duration::from_millis(10);
    let setup = started(&config).await;
    setup.consume(one(T, 1.0)).await;
    // It hears the request and says nothing.
    for _ in 0..2 {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_u8().await.unwrap();
    }
    drop(listener);
    let backend = Backend::knowing_v2(&address.to_string(), true);
    assert_eq!(setup.done().await.sent, 1);
    assert_eq!(backend.received().len(), 1);
    setup.stop().await;
}
