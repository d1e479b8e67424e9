//! What the compliance tests for senders ask for, each with a receiver that records.
//! Source: the `remotewrite/sender` tests of the Prometheus compliance project, both forms.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use headwater_core::Batch;
use headwater_core::pdata::owned::{
    Buckets, Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Histogram,
    HistogramDataPoint, Metric, MetricData, NumberDataPoint, NumberValue, Summary,
    SummaryDataPoint, ValueAtQuantile,
};
use headwater_core::pdata::wire::Fields;
use headwater_exporter_prometheus_remote_write::{Config, ProtobufMessage};
use headwater_prometheus::remote_write::{Count, Message, MetricType, STALE_NAN, Sample};
use headwater_transport::http::Response;
use http::StatusCode;

use crate::support::{
    Backend, Received, T, attributes, batch, config, gauge, many, one, point, started, sum,
};

const BOTH: [ProtobufMessage; 2] = [ProtobufMessage::V1, ProtobufMessage::V2];

/// What arrives of a batch.
async fn arrives(
    message: ProtobufMessage,
    change: impl FnOnce(&mut Config),
    batch: Batch,
) -> Vec<Received> {
    let backend = Backend::start();
    let mut config = config(backend.address);
    config.protobuf_message = message;
    change(&mut config);
    let setup = started(&config).await;
    let items = batch.items() as u64;
    setup.consume(batch).await;
    assert_eq!(setup.stop().await.sent, items);
    backend.received()
}

async fn request(message: ProtobufMessage, batch: Batch) -> Received {
    arrives(message, |_| {}, batch).await.remove(0)
}

/// The samples of one series.
fn samples(request: &Received, name: &str) -> Vec<Sample> {
    let mut found = Vec::new();
    request.visit(|series| {
        if series.label("__name__") == name {
            found.extend_from_slice(&series.samples);
        }
    });
    found
}

fn histogram_metric(exemplars: Vec<Exemplar>) -> Metric {
    Metric {
        name: "h".into(),
        description: "A\nhelp \"text\" ü".into(),
        unit: "s".into(),
        data: Some(MetricData::Histogram(Histogram {
            data_points: vec![HistogramDataPoint {
                start_time_unix_nano: (T - 1000) * 1_000_000,
                time_unix_nano: T * 1_000_000,
                count: 3,
                sum: Some(4.0),
                bucket_counts: vec![1, 2],
                explicit_bounds: vec![1.0],
                exemplars,
                ..HistogramDataPoint::default()
            }],
            aggregation_temporality: 2,
            ..Histogram::default()
        })),
        ..Metric::default()
    }
}

#[tokio::test]
async fn protocol_compliance() {
    for message in BOTH {
        let request = request(message, one(T, 1.0)).await;
        assert_eq!(
            (request.method.as_str(), request.path.as_str()),
            ("POST", "/api/v1/write")
        );
        assert_eq!(request.header("content-encoding"), "snappy");
        assert!(request.header("user-agent").starts_with("test/"));
        let (content_type, version) = match message {
            ProtobufMessage::V1 => ("application/x-protobuf", "0.1.0"),
            ProtobufMessage::V2 => (
                "application/x-protobuf;proto=io.prometheus.write.v2.Request",
                "2.0.0",
            ),
        };
        assert_eq!(request.header("content-type"), content_type);
        assert_eq!(request.header("x-prometheus-remote-write-version"), version);
    }
}

#[tokio::test]
async fn symbol_table() {
    let request = request(ProtobufMessage::V2, many(T, 20)).await;
    let symbols: Vec<&[u8]> = Fields::new(&request.body)
        .map(Result::unwrap)
        .filter(|field| field.number == 4)
        .map(|field| field.bytes(&request.body))
        .collect();
    assert!(symbols[0].is_empty());
    assert_eq!(symbols.iter().collect::<BTreeSet<_>>().len(), symbols.len());
    // Name and job with their values, and `n` with 20 of them.
    assert_eq!(symbols.len(), 1 + 5 + 20);
    // They come first, for receivers that read in one go.
    let first = Fields::new(&request.body).next().unwrap().unwrap();
    assert_eq!(first.number, 4);
}

#[tokio::test]
async fn sample_encoding() {
    let values = [
        0.0,
        -0.0,
        1.0,
        -1.5,
        1e-300,
        1.797e308,
        f64::INFINITY,
        f64::NEG_INFINITY,
        0.1 + 0.2,
        9_007_199_254_740_993.0,
    ];
    for message in BOTH {
        let points = values
            .iter()
            .enumerate()
            .map(|(n, value)| point(T + n as u64, *value, &[]))
            .collect();
        let request = request(message, batch(values.len(), vec![gauge("m", points)])).await;
        let got = samples(&request, "m");
        for (n, value) in values.iter().enumerate() {
            assert_eq!(got[n].value.to_bits(), value.to_bits());
            assert_eq!(got[n].timestamp, T as i64 + n as i64);
        }
        let nan = self::request(message, one(T, f64::NAN)).await;
        assert!(samples(&nan, "m")[0].value.is_nan());
        assert_ne!(samples(&nan, "m")[0].value.to_bits(), STALE_NAN);
        let int = NumberDataPoint {
            value: Some(NumberValue::Int(-7)),
            time_unix_nano: 4_000_000_000_000 * 1_000_000,
            ..NumberDataPoint::default()
        };
        let future = self::request(message, batch(1, vec![gauge("m", vec![int])])).await;
        let sample = samples(&future, "m")[0];
        assert_eq!((sample.value, sample.timestamp), (-7.0, 4_000_000_000_000));
    }
}

#[tokio::test]
async fn stale_markers() {
    for message in BOTH {
        let mut gone = point(T, 5.0, &[]);
        gone.flags = 1;
        let request = request(message, batch(1, vec![gauge("m", vec![gone])])).await;
        assert_eq!(samples(&request, "m")[0].value.to_bits(), STALE_NAN);
    }
}

#[tokio::test]
async fn start_timestamps() {
    let metrics = || {
        vec![
            sum("c", 2, vec![point(T, 1.0, &[])]),
            histogram_metric(Vec::new()),
        ]
    };
    let second = request(ProtobufMessage::V2, batch(2, metrics())).await;
    for name in [
        "c_seconds_total",
        "h_seconds_count",
        "h_seconds_sum",
        "h_seconds_bucket",
    ] {
        let samples = samples(&second, name);
        assert!(!samples.is_empty(), "{name}");
        assert!(samples.iter().all(|s| s.start == T as i64 - 1000), "{name}");
    }
    // 1.0 has no place for them.
    let first = request(ProtobufMessage::V1, batch(2, metrics())).await;
    assert!(
        samples(&first, "c_seconds_total")
            .iter()
            .all(|s| s.start == 0)
    );
}

#[tokio::test]
async fn label_validation() {
    let long = "x".repeat(10_000);
    let odd = [
        ("z", "last"),
        ("A", "first"),
        ("unicode", "größe 日本 🚀"),
        ("special", "a\"b\\c\nd\te"),
        ("with.dots", "1"),
        ("9digit", "2"),
        ("long", &long),
        ("empty", ""),
    ];
    for message in BOTH {
        let metric = gauge("name:with.colons", vec![point(T, 1.0, &odd)]);
        let request = request(message, batch(1, vec![metric])).await;
        let mut checked = false;
        request.visit(|series| {
            let names: Vec<_> = series.labels.iter().map(|(name, _)| *name).collect();
            let unique: BTreeSet<_> = names.iter().collect();
            assert!(
                names.is_sorted() && unique.len() == names.len(),
                "{names:?}"
            );
            let allowed = |l: char| l.is_ascii_alphanumeric() || l == '_';
            assert!(
                names
                    .iter()
                    .all(|name| !name.is_empty() && name.chars().all(allowed))
            );
            assert!(series.labels.iter().all(|(_, value)| !value.is_empty()));
            assert_eq!(series.label("__name__"), "name:with_colons");
            assert_eq!(series.label("unicode"), "größe 日本 🚀");
            assert_eq!(series.label("special"), "a\"b\\c\nd\te");
            assert_eq!(
                (series.label("with_dots"), series.label("key_9digit")),
                ("1", "2")
            );
            assert_eq!(series.label("long").len(), 10_000);
            checked = true;
        });
        assert!(checked);
    }
}

#[tokio::test]
async fn metadata_encoding() {
    let summary = Metric {
        name: "s".into(),
        data: Some(MetricData::Summary(Summary {
            data_points: vec![SummaryDataPoint {
                time_unix_nano: T * 1_000_000,
                count: 1,
                sum: 2.0,
                quantile_values: vec![ValueAtQuantile {
                    quantile: 0.5,
                    value: 2.0,
                    ..Default::default()
                }],
                ..SummaryDataPoint::default()
            }],
            ..Summary::default()
        })),
        ..Metric::default()
    };
    let metrics = || {
        vec![
            sum("c", 2, vec![point(T, 1.0, &[])]),
            gauge("g", vec![point(T, 1.0, &[])]),
            histogram_metric(Vec::new()),
            summary.clone(),
        ]
    };
    let second = request(ProtobufMessage::V2, batch(4, metrics())).await;
    let mut seen = BTreeMap::new();
    second.visit(|series| {
        let metadata = series.metadata.unwrap();
        let name = series.label("__name__").to_owned();
        seen.insert(
            name,
            (
                metadata.kind,
                metadata.help.to_owned(),
                metadata.unit.to_owned(),
            ),
        );
    });
    let of = |name: &str| seen[name].clone();
    assert_eq!(
        of("c_seconds_total"),
        (MetricType::Counter, "How many".into(), "seconds".into())
    );
    assert_eq!(of("g"), (MetricType::Gauge, String::new(), String::new()));
    let help = "A\nhelp \"text\" ü".to_owned();
    for name in ["h_seconds_count", "h_seconds_sum", "h_seconds_bucket"] {
        assert_eq!(
            of(name),
            (MetricType::Histogram, help.clone(), "seconds".into())
        );
    }
    for name in ["s_count", "s_sum", "s"] {
        assert_eq!(of(name).0, MetricType::Summary);
    }
    // In 1.0 it is switched on, and comes once per family.
    let first = arrives(
        ProtobufMessage::V1,
        |c| c.send_metadata = true,
        batch(4, metrics()),
    )
    .await;
    let mut families = Vec::new();
    for request in &first {
        headwater_prometheus::remote_write::read(
            Message::V1,
            &request.body,
            |_| {},
            |family| families.push((family.family.to_owned(), family.kind)),
        )
        .unwrap();
    }
    assert_eq!(
        families,
        [
            ("c_seconds_total".to_owned(), MetricType::Counter),
            ("g".to_owned(), MetricType::Gauge),
            ("h_seconds".to_owned(), MetricType::Histogram),
            ("s".to_owned(), MetricType::Summary),
        ]
    );
}

#[tokio::test]
async fn exemplar_encoding() {
    let exemplar = |value: f64, at: u64| Exemplar {
        filtered_attributes: attributes(&[("custom", "label")]),
        time_unix_nano: at * 1_000_000,
        value: Some(NumberValue::Double(value)),
        trace_id: vec![0xab; 16].into(),
        span_id: vec![0xcd; 8].into(),
        ..Exemplar::default()
    };
    for message in BOTH {
        let mut counted = point(T, 1.0, &[]);
        counted.exemplars = vec![exemplar(0.25, T - 2), exemplar(0.5, T - 1)];
        let mut long = exemplar(9.0, T);
        long.filtered_attributes = attributes(&[("much", &"x".repeat(200))]);
        let metrics = vec![
            sum("c", 2, vec![counted]),
            histogram_metric(vec![exemplar(0.5, T), long]),
        ];
        let request = request(message, batch(2, metrics)).await;
        let mut seen = BTreeMap::new();
        request.visit(|series| {
            let key = format!("{}{}", series.label("__name__"), series.label("le"));
            let all: Vec<_> = series
                .exemplars
                .iter()
                .map(|e| {
                    (
                        e.value,
                        e.timestamp - T as i64,
                        e.labels
                            .iter()
                            .map(|(n, _)| *n)
                            .collect::<Vec<_>>()
                            .join(","),
                    )
                })
                .collect();
            if let Some(exemplar) = series.exemplars.first() {
                assert_eq!(exemplar.labels[0], ("trace_id", "ab".repeat(16).as_str()));
                assert_eq!(exemplar.labels[1], ("span_id", "cd".repeat(8).as_str()));
                seen.insert(key, all);
            }
        });
        let full = "trace_id,span_id,custom".to_owned();
        assert_eq!(
            seen["c_seconds_total"],
            [(0.25, -2, full.clone()), (0.5, -1, full.clone())]
        );
        assert_eq!(seen["h_seconds_bucket1"], [(0.5, 0, full)]);
        assert_eq!(
            seen["h_seconds_bucket+Inf"],
            [(9.0, 0, "trace_id,span_id".to_owned())]
        );
    }
}

#[tokio::test]
async fn histogram_encoding() {
    let buckets = |counts: &[u64]| Buckets {
        offset: 3,
        bucket_counts: counts.to_vec(),
        ..Buckets::default()
    };
    let exponential = Metric {
        name: "e".into(),
        data: Some(MetricData::ExponentialHistogram(ExponentialHistogram {
            data_points: vec![ExponentialHistogramDataPoint {
                start_time_unix_nano: (T - 1000) * 1_000_000,
                time_unix_nano: T * 1_000_000,
                count: u64::MAX / 2,
                sum: Some(12.5),
                scale: 4,
                zero_count: 2,
                positive: Some(buckets(&[1, 0, 0, 0, 0, 5])),
                negative: Some(buckets(&[3])),
                zero_threshold: 0.01,
                ..ExponentialHistogramDataPoint::default()
            }],
            aggregation_temporality: 2,
            ..ExponentialHistogram::default()
        })),
        ..Metric::default()
    };
    for message in BOTH {
        let request = request(message, batch(1, vec![exponential.clone()])).await;
        let mut seen = 0;
        request.visit(|series| {
            if series.label("__name__") != "e" {
                return;
            }
            assert!(series.samples.is_empty());
            let histogram = &series.histograms[0];
            assert_eq!(histogram.count, Count::Int(u64::MAX / 2));
            assert_eq!((histogram.sum, histogram.schema), (12.5, 4));
            assert_eq!(
                (histogram.zero_threshold, histogram.zero_count),
                (0.01, Count::Int(2))
            );
            assert_eq!(histogram.timestamp, T as i64);
            let start = if message == ProtobufMessage::V2 {
                T as i64 - 1000
            } else {
                0
            };
            assert_eq!(histogram.start, start);
            let spans: Vec<_> = histogram
                .positive
                .spans
                .iter()
                .map(|s| (s.offset, s.length))
                .collect();
            assert_eq!(spans, [(4, 1), (4, 1)]);
            assert_eq!(histogram.positive.deltas, [1, 4]);
            assert_eq!(histogram.negative.deltas, [3]);
            seen += 1;
        });
        assert_eq!(seen, 1);
    }
    // A classic one: buckets in order, +Inf last and equal to the count.
    let classic = request(
        ProtobufMessage::V2,
        batch(1, vec![histogram_metric(Vec::new())]),
    )
    .await;
    let mut bounds = Vec::new();
    classic.visit(|series| {
        if series.label("__name__") == "h_seconds_bucket" {
            bounds.push((series.label("le").to_owned(), series.samples[0].value));
        }
    });
    assert_eq!(bounds, [("1".to_owned(), 1.0), ("+Inf".to_owned(), 3.0)]);
}

#[tokio::test]
async fn batching_behavior() {
    for message in BOTH {
        let requests = arrives(message, |_| {}, many(T, 5000)).await;
        assert_eq!(requests.len(), 1, "5000 series fit into one request");
        assert_eq!(requests[0].series().len(), 5000);
    }
}

#[tokio::test]
async fn sample_ordering() {
    for message in BOTH {
        let points = [5, 1, 4, 2, 3]
            .map(|n| point(T + n, n as f64, &[]))
            .to_vec();
        let request = request(message, batch(5, vec![gauge("m", points)])).await;
        let times: Vec<_> = samples(&request, "m")
            .iter()
            .map(|s| s.timestamp - T as i64)
            .collect();
        assert_eq!(times, [1, 2, 3, 4, 5]);
    }
}

#[tokio::test]
async fn backoff_grows_up_to_its_limit() {
    let backend = Backend::start();
    backend.say_status([500; 6]);
    let mut config = config(backend.address);
    config.retry_on_failure.initial_interval = Duration::from_millis(20);
    config.retry_on_failure.max_interval = Duration::from_millis(60);
    config.retry_on_failure.multiplier = 2.0;
    config.retry_on_failure.randomization_factor = 0.0;
    let setup = started(&config).await;
    setup.consume(one(T, 1.0)).await;
    assert_eq!(setup.done().await.sent, 1);
    let received = backend.received();
    let least = [20, 40, 60, 60, 60, 60];
    for (pair, least) in received.windows(2).zip(least) {
        assert!(pair[1].at - pair[0].at >= Duration::from_millis(least - 1));
    }
    assert_eq!(received.len(), 7);
    setup.stop().await;
}

#[tokio::test]
async fn response_processing_and_recovery() {
    for message in BOTH {
        let backend = Backend::start();
        let long = Response::new(StatusCode::BAD_REQUEST, "text/html", vec![b'x'; 3 << 20]);
        let odd = Response::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "application/octet-stream",
            vec![0xff, 0x00, b'\n'],
        );
        backend.say([long, odd]);
        let mut config = config(backend.address);
        config.protobuf_message = message;
        let setup = started(&config).await;
        setup.consume(one(T, 1.0)).await;
        setup.done().await;
        for at in 1..3 {
            setup.consume(one(T + at, 1.0)).await;
        }
        let ledger = setup.stop().await;
        // The first is given up; the second was answered by an error, and sent again.
        assert_eq!(ledger.dropped["http_400"], 1);
        assert!(ledger.sent + ledger.dropped.get("shutdown").unwrap_or(&0) == 2);
    }
}

#[tokio::test]
async fn network_errors_do_no_harm() {
    let mut nowhere = config("127.0.0.1:1".parse().unwrap());
    nowhere.client.endpoint = "http://name.invalid/push".to_owned();
    nowhere.retry_on_failure.max_elapsed_time = Duration::from_millis(20);
    let setup = started(&nowhere).await;
    setup.consume(one(T, 1.0)).await;
    assert_eq!(setup.done().await.dropped["retry_exhausted"], 1);
    setup.stop().await;
}

#[tokio::test]
async fn a_backend_that_hangs_is_given_its_timeout() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = config(listener.local_addr().unwrap());
    config.client.timeout = Duration::from_millis(30);
    config.retry_on_failure.max_elapsed_time = Duration::from_millis(100);
    let setup = started(&config).await;
    setup.consume(one(T, 1.0)).await;
    assert_eq!(setup.done().await.dropped["retry_exhausted"], 1);
    setup.stop().await;
}
