//! What the page shows.

use std::time::Duration;

use headwater_core::pdata::owned::{
    Buckets, Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, HistogramDataPoint,
    MetricData, NumberValue, Summary, SummaryDataPoint, ValueAtQuantile,
};
use headwater_prometheus::exposition::{Entry, Format, Parser, ParserOptions};

use crate::support::{Setup, T, attributes, gauge, histogram, metric, point, sum};

const PROTOBUF: &str = "Accept: application/vnd.google.protobuf;\
    proto=io.prometheus.client.MetricFamily;encoding=delimited\r\n";
const OPENMETRICS: &str = "Accept: application/openmetrics-text;version=1.0.0\r\n";

fn plain(setup: &mut headwater_exporter_prometheus::Config) {
    setup.without_scope_info = true;
}

#[tokio::test]
async fn series_have_the_labels_of_target_scope_and_point() {
    let setup = Setup::new(|_| {}).await;
    setup
        .send(vec![gauge(
            "room.temperature",
            vec![point(0, T, 21.5, &[("room.id", "k")])],
        )])
        .await;
    let (head, body) = setup.get("/metrics", "").await;
    assert!(
        head.contains("content-type: text/plain; version=0.0.4"),
        "{head}"
    );
    let body = String::from_utf8(body).unwrap();
    let labels = "instance=\"i\",job=\"api\",otel_scope_name=\"lib\",otel_scope_schema_url=\"\",\
                  otel_scope_version=\"\",room_id=\"k\"";
    let expected = format!(
        "# HELP room_temperature What it is\n# TYPE room_temperature gauge\n\
         room_temperature{{{labels}}} 21.5\n\
         # HELP target_info Target metadata\n# TYPE target_info gauge\n\
         target_info{{host_name=\"h\",instance=\"i\",job=\"api\"}} 1\n"
    );
    assert_eq!(body, expected);
    assert!(setup.get("/other", "").await.0.contains(" 404 "));
    setup.stop().await;
}

#[tokio::test]
async fn the_last_value_is_shown_and_older_ones_are_not() {
    let setup = Setup::new(plain).await;
    for (at, value) in [(T, 1.0), (T + 2, 3.0), (T + 1, 2.0)] {
        setup
            .send(vec![gauge("m", vec![point(0, at, value, &[])])])
            .await;
    }
    assert_eq!(setup.page("").await[2], "m{instance=\"i\",job=\"api\"} 3");
    let ledger = setup.ledger();
    assert_eq!((ledger.sent, ledger.dropped["older_timestamp"]), (2, 1));
    // The end of a series takes it off the page.
    let mut gone = point(0, T + 3, 0.0, &[]);
    gone.flags = 1;
    setup.send(vec![gauge("m", vec![gone])]).await;
    assert!(setup.page("").await.is_empty());
    setup.stop().await;
}

#[tokio::test]
async fn options_change_the_page() {
    let setup = Setup::new(|config| {
        config.without_scope_info = true;
        config.namespace = "ns".to_owned();
        config.send_timestamps = true;
        config.const_labels = [("dc".to_owned(), "eu".to_owned())].into();
        config.resource_to_telemetry_conversion.enabled = true;
    })
    .await;
    setup
        .send(vec![sum("c", 2, vec![point(0, T, 1.0, &[])])])
        .await;
    let labels = "dc=\"eu\",host_name=\"h\",instance=\"i\",job=\"api\",service_instance_id=\"i\",\
                  service_name=\"api\"";
    assert_eq!(
        setup.page("").await,
        [
            "# HELP ns_c_seconds_total What it is".to_owned(),
            "# TYPE ns_c_seconds_total counter".to_owned(),
            format!("ns_c_seconds_total{{{labels}}} 1 {T}"),
        ]
    );
    setup.stop().await;
}

#[tokio::test]
async fn delta_values_are_added_up() {
    let setup = Setup::new(plain).await;
    let bucketed = |start: u64, at: u64| HistogramDataPoint {
        start_time_unix_nano: start * 1_000_000,
        time_unix_nano: at * 1_000_000,
        count: 3,
        sum: Some(1.5),
        bucket_counts: vec![1, 2],
        explicit_bounds: vec![1.0],
        ..HistogramDataPoint::default()
    };
    for round in 0..3 {
        let (start, at) = (T + round * 10, T + round * 10 + 10);
        let metrics = vec![
            sum("c", 1, vec![point(start, at, 2.0, &[])]),
            histogram("h", 1, bucketed(start, at)),
        ];
        setup.send(metrics).await;
    }
    // One that overlaps.
    setup
        .send(vec![histogram("h", 1, bucketed(T + 25, T + 35))])
        .await;
    let page = setup.page("").await.join("\n");
    let target = "instance=\"i\",job=\"api\"";
    for line in [
        format!("c_seconds_total{{{target}}} 6"),
        format!("h_count{{{target}}} 9"),
        format!("h_sum{{{target}}} 4.5"),
    ] {
        assert!(page.contains(&line), "{line}\n{page}");
    }
    assert!(page.contains("le=\"1\"} 3"), "{page}");
    assert!(page.contains("le=\"+Inf\"} 9"), "{page}");
    assert_eq!(setup.ledger().dropped["misaligned_delta"], 1);
    setup.stop().await;
}

#[tokio::test]
async fn openmetrics_is_offered_when_it_is_enabled() {
    for enabled in [false, true] {
        let setup = Setup::new(|config| {
            config.without_scope_info = true;
            config.enable_open_metrics = enabled;
        })
        .await;
        let mut counted = point(T - 1000, T, 5.0, &[]);
        counted.exemplars = vec![Exemplar {
            value: Some(NumberValue::Double(1.0)),
            time_unix_nano: T * 1_000_000,
            trace_id: vec![0xab; 16].into(),
            filtered_attributes: attributes(&[("k", "v")]),
            ..Exemplar::default()
        }];
        setup.send(vec![sum("c", 2, vec![counted])]).await;
        let (head, _) = setup.get("/metrics", OPENMETRICS).await;
        let page = setup.page(OPENMETRICS).await;
        assert_eq!(
            head.contains("application/openmetrics-text"),
            enabled,
            "{head}"
        );
        let exemplar = format!("# {{trace_id=\"{}\",k=\"v\"}} 1", "ab".repeat(16));
        assert_eq!(
            page.iter().any(|line| line.contains(&exemplar)),
            enabled,
            "{page:?}"
        );
        assert_eq!(
            page.iter()
                .any(|line| line.starts_with("c_seconds_created")),
            enabled
        );
        assert_eq!(page.last().is_some_and(|line| line == "# EOF"), enabled);
        setup.stop().await;
    }
}

#[tokio::test]
async fn every_type_can_be_read_back_over_protobuf() {
    let setup = Setup::new(plain).await;
    let exponential = MetricData::ExponentialHistogram(ExponentialHistogram {
        data_points: vec![ExponentialHistogramDataPoint {
            time_unix_nano: T * 1_000_000,
            count: 3,
            sum: Some(4.0),
            positive: Some(Buckets {
                offset: 1,
                bucket_counts: vec![1, 2],
                ..Buckets::default()
            }),
            ..ExponentialHistogramDataPoint::default()
        }],
        aggregation_temporality: 2,
        ..ExponentialHistogram::default()
    });
    let summary = MetricData::Summary(Summary {
        data_points: vec![SummaryDataPoint {
            time_unix_nano: T * 1_000_000,
            count: 2,
            sum: 3.0,
            quantile_values: vec![ValueAtQuantile {
                quantile: 0.5,
                value: 1.5,
                ..ValueAtQuantile::default()
            }],
            ..SummaryDataPoint::default()
        }],
        ..Summary::default()
    });
    setup
        .send(vec![
            metric("native", "", exponential),
            metric("s", "", summary),
            gauge("g", vec![point(0, T, 7.0, &[])]),
        ])
        .await;
    let (head, body) = setup.get("/metrics", PROTOBUF).await;
    assert!(head.contains("application/vnd.google.protobuf"), "{head}");
    let mut parser = Parser::new(&body, Format::Protobuf, ParserOptions::default());
    let (mut numbers, mut natives) = (Vec::new(), 0);
    while let Some(entry) = parser.next_entry().unwrap() {
        match entry {
            Entry::Series(series) => numbers.push((series.name().into_owned(), series.value())),
            Entry::Histogram(_) => natives += 1,
            _ => {}
        }
    }
    assert_eq!(natives, 1);
    for expected in [("g", 7.0), ("s", 1.5), ("s_sum", 3.0), ("s_count", 2.0)] {
        assert!(
            numbers.contains(&(expected.0.to_owned(), expected.1)),
            "{numbers:?}"
        );
    }
    setup.stop().await;
}

#[tokio::test]
async fn labels_of_megabytes_are_not_kept_and_do_not_cost_the_others() {
    let setup = Setup::new(plain).await;
    let long = "x".repeat(1 << 20);
    let points = vec![point(0, T, 1.0, &[("v", &long)]), point(0, T, 2.0, &[])];
    let mut described = gauge("m", points);
    described.description = long.as_str().into();
    setup.send(vec![described]).await;
    let page = setup.page("").await;
    assert!(
        page.contains(&"m{instance=\"i\",job=\"api\"} 2".to_owned()),
        "{page:?}"
    );
    assert!(page.iter().map(String::len).sum::<usize>() < 4096);
    let ledger = setup.ledger();
    assert_eq!((ledger.sent, ledger.dropped["labels_too_long"]), (1, 1));
    setup.stop().await;
}

#[tokio::test]
async fn what_cannot_be_shown_is_counted() {
    let setup = Setup::new(|config| {
        config.without_scope_info = true;
        config.max_series = 3;
    })
    .await;
    setup
        .send(vec![gauge("a", vec![point(0, T, 1.0, &[])])])
        .await;
    let mut shrinking = sum("d", 1, vec![point(0, T, 1.0, &[])]);
    if let Some(MetricData::Sum(sum)) = &mut shrinking.data {
        sum.is_monotonic = false;
    }
    let more = (0..3)
        .map(|n| point(0, T, 1.0, &[("n", &n.to_string())]))
        .collect();
    setup.send(vec![shrinking, gauge("more", more)]).await;
    let dropped = setup.ledger().dropped;
    assert_eq!(dropped["delta_temporality"], 1);
    // `a` and `target_info` are there, so one of three fits.
    assert_eq!(dropped["too_many_series"], 2);
    setup.stop().await;
}

#[tokio::test]
async fn series_without_new_points_disappear() {
    let setup = Setup::new(|config| {
        config.without_scope_info = true;
        config.metric_expiration = Duration::from_millis(50);
    })
    .await;
    setup
        .send(vec![gauge("m", vec![point(0, T, 1.0, &[])])])
        .await;
    let gone = async {
        while !setup.page("").await.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone)
        .await
        .unwrap();
    setup.stop().await;
}

#[tokio::test]
async fn the_page_is_compressed_for_those_who_ask() {
    let setup = Setup::new(plain).await;
    setup
        .send(vec![gauge("m", vec![point(0, T, 1.0, &[])])])
        .await;
    let (head, body) = setup.get("/metrics", "Accept-Encoding: gzip\r\n").await;
    assert!(head.contains("content-encoding: gzip"), "{head}");
    assert_eq!(body[..2], [0x1f, 0x8b]);
    setup.stop().await;
}
