//! A started receiver in front of a recorder, and what it hands on as lines of text.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_config::testing::decode;
use headwater_core::graph::Environment;
use headwater_core::{ComponentKind, Outputs, Receiver, Signal};
use headwater_receiver_prometheus::{Config, factory};
use headwater_testkit::otlp::{
    Data, KeyValue, Metric, NumberDataPoint, NumberValue, Request, ResourceMetrics, Value,
};
use headwater_testkit::{Recorder, environment, host_with};

pub(crate) struct Setup {
    pub(crate) environment: Environment,
    pub(crate) recorder: Recorder,
    receiver: Arc<dyn Receiver>,
    seen: usize,
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

impl Setup {
    /// Starts the receiver with this configuration.
    pub(crate) async fn new(yaml: &str) -> Self {
        let (config, _) = decode::<Config>(yaml).unwrap();
        let environment = environment();
        let recorder = Recorder::new();
        let outputs = Outputs::new().with(Signal::Metrics, Arc::new(recorder.clone()));
        let settings =
            environment.settings(ComponentKind::Receiver, &"prometheus".parse().unwrap());
        let receiver = factory()
            .build_receiver(settings, &config, outputs)
            .unwrap();
        let host = host_with(Default::default(), environment.budget.clone());
        receiver.start(&host).await.unwrap();
        Self {
            environment,
            recorder,
            receiver,
            seen: 0,
        }
    }

    /// One job `j` with one target that is scraped every 100 ms; `keys` are more keys of the job.
    pub(crate) async fn job(address: &str, keys: &str) -> Self {
        Self::job_every("100ms", address, keys).await
    }

    /// The same with another interval.
    pub(crate) async fn job_every(interval: &str, address: &str, keys: &str) -> Self {
        let yaml = format!(
            "config:\n  scrape_configs:\n  - job_name: j\n    scrape_interval: {interval}\n    \
             static_configs: [{{targets: ['{address}']}}]\n{}",
            indent(keys)
        );
        Self::new(&yaml).await
    }

    /// The resources of the next batch that `wanted` says yes to.
    pub(crate) async fn next(
        &mut self,
        wanted: impl Fn(&[ResourceMetrics]) -> bool,
    ) -> Vec<ResourceMetrics> {
        let next = async {
            loop {
                self.recorder.wait_for_calls(self.seen + 1).await;
                let batch = self.recorder.batches()[self.seen].clone();
                self.seen += 1;
                let bytes = batch.payload().to_contiguous();
                if let Request::Metrics(data) = Request::decode(Signal::Metrics, &bytes).unwrap()
                    && wanted(&data.resource_metrics)
                {
                    return data.resource_metrics;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), next)
            .await
            .expect("the batch comes in time")
    }

    /// The lines of the next scrape that was like this; see [`lines`].
    pub(crate) async fn scrape(&mut self, up: bool) -> Vec<String> {
        let value = if up { "} 1" } else { "} 0" };
        let is_it = |line: &String| line.starts_with("gauge up{") && line.ends_with(value);
        let batch = self.next(|batch| lines(batch).iter().any(is_it)).await;
        lines(&batch)
    }

    /// Stops the receiver.
    pub(crate) async fn shutdown(&self) {
        self.receiver
            .shutdown(Instant::now() + Duration::from_secs(5))
            .await
            .unwrap();
    }

    pub(crate) async fn stop(self) {
        self.shutdown().await;
        assert_eq!(self.environment.ledger.imbalance(), 0);
        drop(self.receiver);
        drop(self.recorder);
        assert_eq!(
            self.environment.budget.held(),
            0,
            "every byte was given back"
        );
    }
}

fn indent(keys: &str) -> String {
    keys.lines().map(|line| format!("    {line}\n")).collect()
}

/// [`lines`] of a batch.
pub(crate) fn lines_of_batch(batch: &headwater_core::Batch) -> Vec<String> {
    let bytes = batch.payload().to_contiguous();
    match Request::decode(Signal::Metrics, &bytes).unwrap() {
        Request::Metrics(data) => lines(&data.resource_metrics),
        _ => Vec::new(),
    }
}

/// The points of resources, one line each, without times.
pub(crate) fn lines(resources: &[ResourceMetrics]) -> Vec<String> {
    resources
        .iter()
        .flat_map(|resource| &resource.scope_metrics)
        .flat_map(|scope| &scope.metrics)
        .flat_map(lines_of)
        .collect()
}

fn lines_of(metric: &Metric) -> Vec<String> {
    let name = &metric.name;
    let number = |kind: &str, point: &NumberDataPoint| {
        let value = match point.value {
            Some(NumberValue::AsDouble(value)) => value.to_string(),
            Some(NumberValue::AsInt(value)) => format!("int {value}"),
            None => "stale".to_owned(),
        };
        format!("{kind} {name}{{{}}} {value}", attributes(&point.attributes))
    };
    match metric.data.as_ref().unwrap() {
        Data::Gauge(gauge) => gauge
            .data_points
            .iter()
            .map(|point| number("gauge", point))
            .collect(),
        Data::Sum(sum) => sum
            .data_points
            .iter()
            .map(|point| number(if sum.is_monotonic { "counter" } else { "sum" }, point))
            .collect(),
        Data::Histogram(histogram) => histogram
            .data_points
            .iter()
            .map(|point| {
                format!(
                    "histogram {name}{{{}}} {} {:?} {:?} {:?}",
                    attributes(&point.attributes),
                    point.count,
                    point.sum,
                    point.explicit_bounds,
                    point.bucket_counts
                )
            })
            .collect(),
        Data::ExponentialHistogram(histogram) => histogram
            .data_points
            .iter()
            .map(|point| {
                format!(
                    "exponential {name}{{{}}} {} {:?} {} {:?}",
                    attributes(&point.attributes),
                    point.count,
                    point.sum,
                    point.scale,
                    point.positive
                )
            })
            .collect(),
        Data::Summary(summary) => summary
            .data_points
            .iter()
            .map(|point| {
                let quantiles: Vec<_> = point
                    .quantile_values
                    .iter()
                    .map(|quantile| (quantile.quantile, quantile.value))
                    .collect();
                format!(
                    "summary {name}{{{}}} {} {} {quantiles:?}",
                    attributes(&point.attributes),
                    point.count,
                    point.sum
                )
            })
            .collect(),
    }
}

/// `key=value` with commas between.
pub(crate) fn attributes(attributes: &[KeyValue]) -> String {
    let text = |pair: &KeyValue| {
        let value = match pair.value.as_ref().and_then(|value| value.value.as_ref()) {
            Some(Value::StringValue(text)) => text.clone(),
            other => format!("{other:?}"),
        };
        format!("{}={value}", pair.key)
    };
    attributes.iter().map(text).collect::<Vec<_>>().join(",")
}
