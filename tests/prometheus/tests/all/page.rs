//! Prometheus scrapes the page of the `prometheus` exporter, and writes what it scraped to the
//! `prometheusremotewrite` receiver.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_core::graph::Environment;
use headwater_core::pdata::owned::{Metric, MetricData, MetricsData};
use headwater_core::{ComponentKind, Outputs, Receiver, Signal};
use headwater_exporter_prometheus as page;
use headwater_receiver_prometheusremotewrite as receiver;
use headwater_testkit::{Recorder, environment, host};
use prometheus_tests::{PATIENCE, Prometheus, free_port};

use crate::samples::{batch, counter, exponential, gauge, histogram, now, summary};

/// A `prometheusremotewrite` receiver, and what it has handed on.
pub(crate) struct Taker {
    environment: Environment,
    receiver: Arc<dyn Receiver>,
    pub(crate) recorder: Recorder,
}

impl Taker {
    pub(crate) async fn start(address: SocketAddr) -> Self {
        let mut config = receiver::Config::default();
        config.server.address.endpoint = address.to_string();
        let environment = environment();
        let id = "prometheusremotewrite".parse().unwrap();
        let settings = environment.settings(ComponentKind::Receiver, &id);
        let recorder = Recorder::new();
        let outputs = Outputs::new().with(Signal::Metrics, Arc::new(recorder.clone()));
        let receiver = receiver::factory()
            .build_receiver(settings, &config, outputs)
            .unwrap();
        receiver.start(&host()).await.unwrap();
        Self {
            environment,
            receiver,
            recorder,
        }
    }

    pub(crate) async fn stop(self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        self.receiver.shutdown(deadline).await.unwrap();
        assert_eq!(self.environment.ledger.imbalance(), 0);
    }
}

/// The metrics that have arrived, the last of each name.
pub(crate) fn arrived(recorder: &Recorder) -> BTreeMap<String, Metric> {
    let mut all = BTreeMap::new();
    for batch in recorder.batches() {
        let bytes = batch.payload().to_contiguous();
        for resource in MetricsData::decode(&bytes).unwrap().resource_metrics {
            for scope in resource.scope_metrics {
                for metric in scope.metrics {
                    all.insert(metric.name.to_lossy().into_owned(), metric);
                }
            }
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_shown_is_scraped_and_comes_back() {
    let (shown, taken) = (free_port(), free_port());
    let mut config = page::Config::default();
    config.server.address.endpoint = shown.to_string();
    let environment = environment();
    let id = "prometheus".parse().unwrap();
    let settings = environment.signal_settings(ComponentKind::Exporter, &id, Signal::Metrics);
    let exporter = page::factory().build_exporter(settings, &config).unwrap();
    exporter.start(&host()).await.unwrap();

    let taker = Taker::start(taken).await;
    let recorder = &taker.recorder;

    let t = now();
    let metrics = vec![
        gauge(t, 21.5),
        counter(t, 20.0),
        histogram(t),
        exponential(t),
        summary(t),
    ];
    exporter.consume(batch(metrics)).await.unwrap();
    let yaml = format!(
        "global: {{scrape_interval: 500ms, scrape_timeout: 500ms}}\n\
         scrape_configs:\n  - job_name: page\n    honor_labels: true\n    \
         static_configs: [{{targets: ['{shown}']}}]\n\
         remote_write:\n  - url: http://{taken}/api/v1/write\n    send_native_histograms: true\n    \
         send_exemplars: true\n    metadata_config: {{send: true, send_interval: 500ms}}\n    \
         queue_config: {{batch_send_deadline: 100ms, max_shards: 1}}\n"
    );
    let Some(prometheus) = Prometheus::start(&yaml) else {
        return;
    };

    let prometheus = tokio::task::spawn_blocking(move || {
        let value = |expression: &str| prometheus.eventually(expression)[0].value;
        let target = r#"job="shop/api",instance="pod-1""#;
        assert_eq!(
            value(&format!("room_temperature_celsius{{{target}}}")),
            21.5
        );
        assert_eq!(value("http_requests_total"), 20.0);
        assert_eq!(value(r#"http_duration_seconds_bucket{le="+Inf"}"#), 100.0);
        assert_eq!(value("histogram_count(native_size_bytes)"), 30.0);
        assert_eq!(value("histogram_quantile(1, native_size_bytes)"), 4.0);
        assert_eq!(value(r#"gc_pause_milliseconds{quantile="0.99"}"#), 3.5);
        assert_eq!(value(r#"target_info{k8s_pod_name="api-1"}"#), 1.0);
        prometheus
    })
    .await
    .unwrap();

    let done = async {
        loop {
            let all = arrived(recorder);
            let is = |name: &str, right: fn(&MetricData) -> bool| {
                all.get(name)
                    .and_then(|metric| metric.data.as_ref())
                    .is_some_and(right)
            };
            if is("up", |data| matches!(data, MetricData::Gauge(_)))
                && is(
                    "http_requests_total",
                    |data| matches!(data, MetricData::Sum(sum) if sum.is_monotonic),
                )
                && is("native_size_bytes", |data| {
                    matches!(data, MetricData::ExponentialHistogram(histogram)
                        if histogram.data_points[0].count == 30)
                })
                && is("http_duration_seconds_bucket", |data| {
                    matches!(data, MetricData::Gauge(_))
                })
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, done).await;
    assert!(in_time.is_ok(), "{:?}", arrived(recorder));
    drop(prometheus);
    let deadline = Instant::now() + Duration::from_secs(20);
    taker.stop().await;
    exporter.shutdown(deadline).await.unwrap();
    assert_eq!(environment.ledger.imbalance(), 0);
}
