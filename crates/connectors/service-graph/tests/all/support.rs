//! Connectors and spans to send them.

use std::time::Duration;

use headwater_config::testing::decode;
use headwater_connector_service_graph::{Config, factory};
use headwater_core::Signal;
use headwater_testkit::otlp::{KeyValue, Span, TracesData};
use headwater_testkit::{ConnectorSetup, Point, points, spans_of};

pub(crate) async fn start(yaml: &str) -> ConnectorSetup {
    let (config, _) = decode::<Config>(yaml).unwrap_or_else(|errors| panic!("{errors}"));
    ConnectorSetup::started(&factory(), &config, Signal::Traces, Signal::Metrics).await
}

/// What the next flush sends.
pub(crate) async fn flushed(setup: &ConnectorSetup) -> Vec<Point> {
    let before = setup.next.batches().len();
    tokio::time::sleep(Duration::from_secs(61)).await;
    points(&setup.next.batches()[before..])
}

/// The shown points of one metric, without its name.
pub(crate) fn of(points: &[Point], metric: &str) -> Vec<String> {
    let of_metric = points.iter().filter(|point| point.metric == metric);
    of_metric
        .map(|point| point.to_string()[metric.len()..].to_owned())
        .collect()
}

pub(crate) const TOTAL: &str = "traces_service_graph_request_total";
pub(crate) const FAILED: &str = "traces_service_graph_request_failed_total";
pub(crate) const SERVER: &str = "traces_service_graph_request_server";
pub(crate) const CLIENT: &str = "traces_service_graph_request_client";

/// A span of trace 1 that takes so many milliseconds.
fn span(id: u8, parent: u8, kind: i32, milliseconds: u64) -> Span {
    let id_of = |id: u8| if id == 0 { Vec::new() } else { vec![id; 8] };
    Span {
        trace_id: vec![1; 16],
        span_id: id_of(id),
        parent_span_id: id_of(parent),
        kind,
        start_time_unix_nano: 1_000_000_000,
        end_time_unix_nano: 1_000_000_000 + milliseconds * 1_000_000,
        ..Span::default()
    }
}

pub(crate) fn client(id: u8, milliseconds: u64) -> Span {
    span(id, 0, 3, milliseconds)
}

/// The server's span of the call that the client's span `parent` is.
pub(crate) fn server(parent: u8, milliseconds: u64) -> Span {
    span(100 + parent, parent, 2, milliseconds)
}

pub(crate) fn with(span: Span, attributes: Vec<KeyValue>) -> Span {
    Span { attributes, ..span }
}

pub(crate) fn from(service: &str, spans: Vec<Span>) -> TracesData {
    spans_of(&[("service.name", service)], spans)
}
