//! What Prometheus 3 adds: names of UTF-8, and remote write 2.0 with what it carries besides values.

use std::time::{Duration, Instant};

use headwater_core::pdata::owned::MetricData;
use headwater_exporter_prometheus_remote_write::{Config, ProtobufMessage};
use headwater_prometheus::translate::TranslationStrategy;
use prometheus_tests::{EMPTY, PATIENCE, Prometheus, free_port, version};

use crate::alike::{Allowed, alike, series};
use crate::page::{Taker, arrived};
use crate::pipeline::{Pipeline, job};
use crate::remote_write::{configured, exporter};
use crate::samples::{batch, counter, exponential, gauge, histogram, now};
use crate::targets::{go, native};

fn is_there() -> bool {
    let is = version() >= Some((3, 0));
    if !is {
        eprintln!("skipped: needs a Prometheus 3 as PROMETHEUS_BIN");
    }
    is
}

fn untranslated(config: &mut Config) {
    config.protobuf_message = ProtobufMessage::V2;
    config.translation_strategy = Some(TranslationStrategy::NoTranslation);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn names_of_utf8_are_those_that_prometheus_gives_them() {
    if !is_there() {
        return;
    }
    let Some((_target, address)) = go() else {
        return;
    };
    // Neither asks for such names over protobuf.
    for (protocol, kept) in [
        ("PrometheusProto", false),
        ("OpenMetricsText1.0.0", true),
        ("PrometheusText1.0.0", true),
    ] {
        let keys = format!(", metrics_path: /names, scrape_protocols: [{protocol}]");
        let direct = job("direct", address, &format!("{keys}{}", native(true)));
        let yaml = format!("scrape_configs: [{direct}]\n");
        let prometheus = Prometheus::start(&yaml).unwrap();
        let ours = job("ours", address, &keys);
        let pipeline = Pipeline::changed(&ours, &prometheus, untranslated).await;
        let allowed = Allowed {
            missing: |name| name.ends_with("_created"),
            moving: |name| name.starts_with("scrape_samples_"),
            ..Allowed::OTLP
        };
        alike(&prometheus, ["direct", "ours"], 11, &allowed).await;
        let ours = series(&prometheus, "ours");
        let dotted = ours.keys().any(|labels| {
            labels["__name__"].starts_with("shop.requests.größe") && labels["http.route"] == "/{id}"
        });
        assert!(dotted || !kept, "{protocol}: {ours:?}");
        pipeline.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn names_of_otlp_can_stay_as_they_are() {
    if !is_there() {
        return;
    }
    let prometheus = Prometheus::start(EMPTY).unwrap();
    let (exporter, environment) = configured(prometheus.write_url(), untranslated).await;
    let t = now() - 10_000;
    exporter
        .consume(batch(vec![gauge(t, 21.5), counter(t, 5.0), histogram(t)]))
        .await
        .unwrap();
    exporter.shutdown(Instant::now() + PATIENCE).await.unwrap();
    let balance = environment.ledger.balances().pop_first().unwrap().1;
    assert_eq!((balance.sent, balance.imbalance()), (3, 0), "{balance:?}");
    for (expression, value) in [
        (r#"{"room.temperature",job="shop/api"}"#, 21.5),
        (r#"{"http.requests"}"#, 5.0),
        (r#"{"http.duration_count"}"#, 100.0),
        (r#"{"target_info","k8s.pod.name"="api-1"}"#, 1.0),
    ] {
        assert_eq!(
            prometheus.value_at(expression, t),
            Some(value),
            "{expression}"
        );
    }
}

/// Custom buckets, which the versions before do not store.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn histograms_with_explicit_bounds_can_be_native_ones() {
    if !is_there() {
        return;
    }
    for message in [ProtobufMessage::V1, ProtobufMessage::V2] {
        let prometheus = Prometheus::start(EMPTY).unwrap();
        let change = |config: &mut Config| {
            config.protobuf_message = message;
            config.convert_explicit_histograms_to_nhcb = true;
        };
        let (exporter, environment) = configured(prometheus.write_url(), change).await;
        let (t, later) = (now() - 30_000, now() - 15_000);
        exporter.consume(batch(vec![histogram(t)])).await.unwrap();
        let mut stale = histogram(later);
        if let Some(MetricData::Histogram(histogram)) = &mut stale.data {
            histogram.data_points[0].flags = 1;
            histogram.data_points[0].exemplars.clear();
        }
        exporter.consume(batch(vec![stale])).await.unwrap();
        exporter.shutdown(Instant::now() + PATIENCE).await.unwrap();
        let balance = environment.ledger.balances().pop_first().unwrap().1;
        assert_eq!((balance.sent, balance.imbalance()), (2, 0), "{balance:?}");
        for (expression, value) in [
            ("histogram_count(http_duration_seconds)", Some(100.0)),
            ("histogram_sum(http_duration_seconds)", Some(55.0)),
            ("histogram_quantile(0.5, http_duration_seconds)", Some(0.5)),
            ("histogram_quantile(0.9, http_duration_seconds)", Some(1.0)),
            (
                "histogram_fraction(0, 0.5, http_duration_seconds)",
                Some(0.5),
            ),
            ("http_duration_seconds_count", None),
        ] {
            assert_eq!(prometheus.value_at(expression, t), value, "{expression}");
        }
        let gone = prometheus.value_at("histogram_count(http_duration_seconds)", later);
        assert_eq!(gone, None);
    }
}

/// Type, help and unit, exemplars and native histograms: through Prometheus, which writes them on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_version_2_carries_comes_out_again() {
    if !is_there() {
        return;
    }
    let taken = free_port();
    let taker = Taker::start(taken).await;
    let prometheus = Prometheus::start(&format!(
        "remote_write: [{{url: 'http://{taken}/api/v1/write', send_exemplars: true, \
         protobuf_message: io.prometheus.write.v2.Request, send_native_histograms: true, \
         queue_config: {{batch_send_deadline: 100ms, max_shards: 1}}}}]\n"
    ))
    .unwrap();
    let (exporter, _environment) = exporter(prometheus.write_url(), ProtobufMessage::V2).await;
    let t = now();
    let metrics = vec![gauge(t, 21.5), counter(t, 5.0), exponential(t)];
    exporter.consume(batch(metrics)).await.unwrap();

    let began = Instant::now();
    let all = loop {
        let all = arrived(&taker.recorder);
        let names = [
            "room_temperature_celsius",
            "http_requests_total",
            "native_size_bytes",
        ];
        if names.iter().all(|name| all.contains_key(*name)) {
            break all;
        }
        assert!(began.elapsed() < PATIENCE, "{all:?}; {}", prometheus.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let counter = &all["http_requests_total"];
    assert_eq!(counter.description.to_lossy(), "What it is");
    match counter.data.as_ref().unwrap() {
        MetricData::Sum(sum) => {
            assert!(sum.is_monotonic);
            assert_eq!(sum.data_points[0].exemplars.len(), 1);
        }
        other => panic!("{other:?}"),
    }
    let gauge = &all["room_temperature_celsius"];
    assert!(
        matches!(gauge.data, Some(MetricData::Gauge(_))),
        "{gauge:?}"
    );
    assert_eq!(gauge.unit.to_lossy(), "celsius");
    match all["native_size_bytes"].data.as_ref().unwrap() {
        MetricData::ExponentialHistogram(histogram) => {
            assert_eq!(histogram.data_points[0].count, 30);
        }
        other => panic!("{other:?}"),
    }
    exporter.shutdown(Instant::now() + PATIENCE).await.unwrap();
    drop(prometheus);
    taker.stop().await;
}

/// A Prometheus that takes 1.0 only says so, and gets it.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_prometheus_that_takes_version_1_only_gets_it() {
    if !is_there() {
        return;
    }
    let flag = "--web.remote-write-receiver.accepted-protobuf-messages=prometheus.WriteRequest";
    let prometheus = Prometheus::start_with(EMPTY, &[flag]).unwrap();
    let (exporter, environment) = exporter(prometheus.write_url(), ProtobufMessage::V2).await;
    let t = now() - 10_000;
    exporter.consume(batch(vec![gauge(t, 21.5)])).await.unwrap();
    exporter.shutdown(Instant::now() + PATIENCE).await.unwrap();
    let balance = environment.ledger.balances().pop_first().unwrap().1;
    assert_eq!((balance.sent, balance.imbalance()), (1, 0), "{balance:?}");
    assert_eq!(
        prometheus.value_at("room_temperature_celsius", t),
        Some(21.5)
    );
}
