//! The `prometheus_remote_write` exporter writes, PromQL answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_core::graph::Environment;
use headwater_core::pdata::owned::MetricData;
use headwater_core::{ComponentKind, Exporter, Signal};
use headwater_exporter_prometheus_remote_write::{Config, ProtobufMessage, factory};
use headwater_testkit::environment;
use prometheus_tests::{EMPTY, Prometheus};

use crate::samples::{batch, counter, exponential, gauge, histogram, now, summary};

pub(crate) async fn exporter(
    url: String,
    message: ProtobufMessage,
) -> (Arc<dyn Exporter>, Environment) {
    configured(url, |config| config.protobuf_message = message).await
}

/// One that is configured otherwise.
pub(crate) async fn configured(
    url: String,
    change: impl FnOnce(&mut Config),
) -> (Arc<dyn Exporter>, Environment) {
    let mut config = Config::default();
    config.client.endpoint = url;
    change(&mut config);
    let environment = environment();
    let id = "prometheus_remote_write".parse().unwrap();
    let settings = environment.signal_settings(ComponentKind::Exporter, &id, Signal::Metrics);
    let exporter = factory().build_exporter(settings, &config).unwrap();
    exporter.start(&headwater_testkit::host()).await.unwrap();
    (exporter, environment)
}

/// Writes two batches and a staleness marker; asks for everything.
async fn everything_arrives(message: ProtobufMessage) {
    let Some(prometheus) = Prometheus::start(EMPTY) else {
        return;
    };
    let (exporter, environment) = exporter(prometheus.write_url(), message).await;
    let t = now() - 30_000;
    exporter
        .consume(batch(vec![gauge(t, 20.0), counter(t, 5.0)]))
        .await
        .unwrap();
    let later = t + 15_000;
    let metrics = vec![
        gauge(later, 21.5),
        counter(later, 20.0),
        histogram(later),
        exponential(later),
        summary(later),
    ];
    exporter.consume(batch(metrics)).await.unwrap();
    exporter
        .shutdown(Instant::now() + Duration::from_secs(20))
        .await
        .unwrap();
    let ledger = environment.ledger.balances().pop_first().unwrap().1;
    assert_eq!((ledger.sent, ledger.imbalance()), (7, 0), "{ledger:?}");

    let value = |expression: &str| prometheus.value_at(expression, later);
    let target = r#"job="shop/api",instance="pod-1""#;
    assert_eq!(
        value(&format!("room_temperature_celsius{{{target}}}")),
        Some(21.5)
    );
    let path = "path=\"/a \\\"b\\\" ü\"";
    let counter = format!("http_requests_total{{{path}}}");
    assert_eq!(value(&counter), Some(20.0));
    // 15 in 15 s, over a minute of which nothing is known of the rest.
    assert!(value(&format!("increase({counter}[1m])")) >= Some(15.0));
    assert_eq!(value("http_duration_seconds_count"), Some(100.0));
    assert_eq!(value("http_duration_seconds_sum"), Some(55.0));
    assert_eq!(
        value(r#"http_duration_seconds_bucket{le="+Inf"}"#),
        Some(100.0)
    );
    assert_eq!(
        value("histogram_quantile(0.9, http_duration_seconds_bucket)"),
        Some(1.0)
    );
    assert_eq!(value("histogram_count(native_size_bytes)"), Some(30.0));
    assert_eq!(value("histogram_sum(native_size_bytes)"), Some(60.0));
    assert_eq!(value("histogram_quantile(1, native_size_bytes)"), Some(4.0));
    assert_eq!(
        value(r#"gc_pause_milliseconds{quantile="0.99"}"#),
        Some(3.5)
    );
    assert_eq!(value("gc_pause_milliseconds_sum"), Some(14.0));
    assert_eq!(value(r#"target_info{k8s_pod_name="api-1"}"#), Some(1.0));
    let joined = r#"http_requests_total * on (job, instance) group_left(k8s_pod_name) target_info"#;
    let joined = prometheus.query_at(joined, later);
    assert_eq!(joined[0].labels["k8s_pod_name"], "api-1");

    let around = [(t - 60_000) / 1000, later / 1000 + 60].map(|time| time.to_string());
    let exemplars = prometheus.api(
        "query_exemplars",
        &[
            (
                "query",
                r#"{__name__=~"http_requests_total|http_duration_seconds_bucket"}"#,
            ),
            ("start", &around[0]),
            ("end", &around[1]),
        ],
    );
    let text = exemplars.to_string();
    assert_eq!(text.matches(&"ab".repeat(16)).count(), 3, "{text}");
    assert!(text.contains(r#""le":"1""#), "{text}");
}

/// Batches that go out together, one of which Prometheus does not take: a sample before one that it has.
#[tokio::test(flavor = "current_thread")]
async fn a_sample_that_is_refused_costs_its_own_batch_only() {
    let Some(prometheus) = Prometheus::start(EMPTY) else {
        return;
    };
    let (exporter, environment) = exporter(prometheus.write_url(), ProtobufMessage::V1).await;
    let balance = || environment.ledger.balances().pop_first().unwrap().1;
    let t = now() - 30_000;
    let send = async |metrics| exporter.consume(batch(metrics)).await.unwrap();
    send(vec![gauge(t, 20.0)]).await;
    let began = Instant::now();
    while balance().held > 0 {
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", balance());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    send(vec![counter(t + 1000, 5.0)]).await;
    send(vec![gauge(t - 5000, 7.0), summary(t - 5000)]).await;
    send(vec![gauge(t + 2000, 21.0)]).await;
    send(vec![histogram(t + 3000)]).await;
    exporter
        .shutdown(Instant::now() + Duration::from_secs(20))
        .await
        .unwrap();
    let ledger = balance();
    assert_eq!((ledger.received, ledger.imbalance()), (6, 0), "{ledger:?}");
    assert_eq!((ledger.sent, ledger.dropped["http_400"]), (4, 2));
    for (expression, value) in [
        ("room_temperature_celsius", 21.0),
        ("http_requests_total", 5.0),
        ("http_duration_seconds_count", 100.0),
    ] {
        let found = prometheus.value_at(expression, t + 3000);
        assert_eq!(found, Some(value), "{expression}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn every_type_answers_promql() {
    everything_arrives(ProtobufMessage::V1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn every_type_answers_promql_over_version_2() {
    let Some(prometheus) = Prometheus::start(EMPTY) else {
        return;
    };
    if prometheus.version() >= (3, 0) {
        everything_arrives(ProtobufMessage::V2).await;
        return;
    }
    // One that does not know 2.0 and does not say so: what it has not stored counts as lost.
    let (exporter, environment) = exporter(prometheus.write_url(), ProtobufMessage::V2).await;
    exporter
        .consume(batch(vec![gauge(now(), 1.0)]))
        .await
        .unwrap();
    exporter
        .shutdown(Instant::now() + Duration::from_secs(20))
        .await
        .unwrap();
    let ledger = environment.ledger.balances().pop_first().unwrap().1;
    assert_eq!((ledger.sent, ledger.dropped["not_written"]), (0, 1));
    assert!(
        prometheus
            .query_at("room_temperature_celsius", now())
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_series_that_ends_answers_nothing_at_once() {
    let Some(prometheus) = Prometheus::start(EMPTY) else {
        return;
    };
    let (exporter, _environment) = exporter(prometheus.write_url(), ProtobufMessage::V1).await;
    let t = now() - 10_000;
    exporter.consume(batch(vec![gauge(t, 20.0)])).await.unwrap();
    let mut gone = gauge(t + 1000, 0.0);
    if let Some(MetricData::Gauge(gauge)) = &mut gone.data {
        gauge.data_points[0].flags = 1;
        gauge.data_points[0].value = None;
    }
    exporter.consume(batch(vec![gone])).await.unwrap();
    exporter
        .shutdown(Instant::now() + Duration::from_secs(20))
        .await
        .unwrap();
    let name = "room_temperature_celsius";
    assert_eq!(prometheus.value_at(name, t + 999), Some(20.0));
    assert_eq!(prometheus.value_at(name, t + 1000), None);
    assert_eq!(prometheus.value_at(name, t + 5000), None);
}
