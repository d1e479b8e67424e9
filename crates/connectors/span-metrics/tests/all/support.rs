//! Connectors and spans to send them.

use std::time::Duration;

use headwater_config::testing::decode;
use headwater_connector_span_metrics::{Config, factory};
use headwater_core::Signal;
use headwater_testkit::otlp::{Span, Status};
use headwater_testkit::{ConnectorSetup, Point, points};

/// Longer than the default interval, shorter than two.
const INTERVAL: Duration = Duration::from_secs(61);

/// A connector whose series have no random attribute.
pub(crate) async fn start(yaml: &str) -> ConnectorSetup {
    let yaml = format!("exclude_dimensions: [collector.instance.id]\n{yaml}");
    start_plain(&yaml).await
}

pub(crate) async fn start_plain(yaml: &str) -> ConnectorSetup {
    let (config, _) = decode::<Config>(yaml).unwrap_or_else(|errors| panic!("{errors}"));
    ConnectorSetup::started(&factory(), &config, Signal::Traces, Signal::Metrics).await
}

/// What the next flush sends.
pub(crate) async fn flushed(setup: &ConnectorSetup) -> Vec<Point> {
    let before = setup.next.batches().len();
    tokio::time::sleep(INTERVAL).await;
    points(&setup.next.batches()[before..])
}

/// The shown points of one metric.
pub(crate) fn of(points: &[Point], metric: &str) -> Vec<String> {
    points
        .iter()
        .filter(|point| point.metric == metric)
        .map(ToString::to_string)
        .collect()
}

/// A server span that takes so many milliseconds.
pub(crate) fn span(name: &str, milliseconds: u64) -> Span {
    Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        name: name.to_owned(),
        kind: 2,
        start_time_unix_nano: 1_000_000_000,
        end_time_unix_nano: 1_000_000_000 + milliseconds * 1_000_000,
        status: Some(Status::default()),
        ..Span::default()
    }
}

pub(crate) const CALLS: &str = "traces.span.metrics.calls";
pub(crate) const DURATION: &str = "traces.span.metrics.duration";
