//! A receiver, and a client that writes to it.

use std::ops::Deref;

use headwater_core::Signal;
use headwater_core::pdata::owned::{Metric, MetricsData, ResourceMetrics};
use headwater_prometheus::remote_write::encode::{put_label, put_sample, put_series};
use headwater_prometheus::remote_write::{Compressor, Message};
use headwater_receiver_prometheusremotewrite::{Config, factory};
use headwater_testkit::{HttpAnswer, ReceiverBuilder, ReceiverSetup, http_request};

/// Some time, in milliseconds.
pub(crate) const T: i64 = 1_700_000_000_000;

pub(crate) struct Setup(ReceiverSetup);

impl Deref for Setup {
    type Target = ReceiverSetup;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// Samples, histograms and exemplars written, as an answer says.
pub(crate) fn written(answer: &HttpAnswer) -> [&str; 3] {
    ["samples", "histograms", "exemplars"]
        .map(|what| answer.header(&format!("x-prometheus-remote-write-{what}-written")))
}

impl Setup {
    pub(crate) async fn new() -> Self {
        let builder = ReceiverBuilder::new(factory(), &[Signal::Metrics]);
        let started = builder.listening(|[address]| {
            let mut config = Config::default();
            config.server.address.endpoint = address.to_string();
            config
        });
        Self(started.await)
    }

    pub(crate) async fn write(&self, message: Message, plain: &[u8]) -> HttpAnswer {
        self.write_as("", message, plain).await
    }

    /// The same with a header that says who writes.
    pub(crate) async fn write_as(&self, who: &str, message: Message, plain: &[u8]) -> HttpAnswer {
        let body = Compressor::default().compress(plain).unwrap();
        let headers = format!(
            "Content-Type: {}\r\nContent-Encoding: snappy\r\n{who}",
            message.content_type()
        );
        self.post("/api/v1/write", &headers, &body).await
    }

    pub(crate) async fn post(&self, path: &str, headers: &str, body: &[u8]) -> HttpAnswer {
        http_request(self.address(), &format!("POST {path}"), headers, body).await
    }

    /// The resources of all batches that came.
    pub(crate) fn resources(&self) -> Vec<ResourceMetrics> {
        let mut all = Vec::new();
        for batch in self.recorder.batches() {
            let bytes = batch.payload().to_contiguous();
            let counted = headwater_core::pdata::count_items(Signal::Metrics, &bytes).unwrap();
            assert_eq!(counted, batch.items());
            all.extend(MetricsData::decode(&bytes).unwrap().resource_metrics);
        }
        all
    }

    pub(crate) fn metrics(&self) -> Vec<Metric> {
        let resources = self.resources().into_iter();
        resources
            .flat_map(|resource| resource.scope_metrics)
            .flat_map(|scope| scope.metrics)
            .collect()
    }

    /// The sum of the metric `otelcol_receiver_<what>_metric_points`.
    pub(crate) fn points(&self, what: &str) -> f64 {
        self.metric(&format!("{what}_metric_points"))
    }
}

/// A request of 1.0 with these series, each of one sample.
pub(crate) fn v1(series: &[(&[(&str, &str)], f64)]) -> Vec<u8> {
    let mut request = Vec::new();
    for (labels, value) in series {
        let (mut encoded, mut rest) = (Vec::new(), Vec::new());
        for (name, value) in *labels {
            put_label(&mut encoded, name, value);
        }
        put_sample(&mut rest, Message::V1, value.to_bits(), T, 0);
        put_series(&mut request, Message::V1, &encoded, &rest);
    }
    request
}
