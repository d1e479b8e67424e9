//! Spans that `span_metrics` counts in series that it knows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_config::testing::decode;
use headwater_connector_span_metrics::{Config, factory};
use headwater_core::bytes::Bytes;
use headwater_core::{Batch, Connector, ConnectorOutputs, Signal};
use headwater_testkit::{Generator, Shape, environment, host};

use crate::component::{Taker, per_batch};

async fn started(yaml: &str, next: Arc<Taker>) -> Arc<dyn Connector> {
    let (config, _) = decode::<Config>(yaml).unwrap();
    let id = "span_metrics".parse().unwrap();
    let settings = environment().connector_settings(&id, Signal::Traces, Signal::Metrics);
    let outputs = ConnectorOutputs {
        signal: Signal::Metrics,
        all: next,
        pipelines: BTreeMap::new(),
    };
    let connector = factory()
        .build_connector(settings, &config, outputs)
        .unwrap();
    connector.start(&host()).await.unwrap();
    connector
}

/// The allocations per batch of `spans` spans.
async fn count(yaml: &str, spans: usize) -> f64 {
    let taker = Arc::new(Taker::default());
    let connector = started(yaml, Arc::clone(&taker)).await;
    let bytes = Generator::new(3).request(Signal::Traces, Shape::of(spans));
    let batch = Batch::new(Signal::Traces, Bytes::from(bytes), spans);
    let count = per_batch(&*connector, &batch).await;
    connector
        .shutdown(Instant::now() + Duration::from_secs(5))
        .await
        .unwrap();
    assert!(taker.items() > 0, "the spans are not counted");
    count
}

/// Checks what a batch costs, and that its spans cost nothing on top.
async fn check(yaml: &str, per_batch: f64) {
    let few = count(yaml, 10).await;
    let many = count(yaml, 100).await;
    assert!(few <= per_batch, "{few} allocations per batch with {yaml}");
    assert!(many <= few, "{few} and {many} allocations with {yaml}");
}

#[tokio::test]
async fn spans_of_known_series_allocate_nothing_but_the_future_of_their_batch() {
    for yaml in [
        "{}",
        "{naming: tempo}",
        "{histogram: {exponential: {max_size: 160}}}",
        "{aggregation_temporality: AGGREGATION_TEMPORALITY_DELTA}",
        "{exemplars: {enabled: true}}",
    ] {
        check(yaml, 1.0).await;
    }
}

/// The lists of their values, of spans, resources and events, are used again for each span.
#[tokio::test]
async fn dimensions_and_events_allocate_for_the_batch_and_not_for_its_spans() {
    let dimensions = "{dimensions: [{name: http.request.method, default: GET}, \
                      {name: http.response.status_code}]}";
    check(dimensions, 3.0).await;
    check("{calls_dimensions: [{name: http.request.method}]}", 3.0).await;
    let events = "{events: {enabled: true, dimensions: [{name: exception.type}]}}";
    check(events, 4.0).await;
}

/// For the list of the attributes that match.
#[tokio::test]
async fn a_dimension_by_pattern_allocates_once_for_a_span() {
    let yaml = "{dimensions: [{glob: 'http.*'}]}";
    let per_span = (count(yaml, 100).await - count(yaml, 10).await) / 90.0;
    assert!(per_span <= 1.0, "{per_span} allocations per span");
}
