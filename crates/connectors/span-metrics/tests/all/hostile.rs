//! Spans that nobody should send.

use headwater_core::bytes::Bytes;
use headwater_core::{Batch, Signal};
use headwater_testkit::otlp::Span;
use headwater_testkit::{arbitrary_requests, attribute, spans_of};

use crate::support::{CALLS, flushed, of, span, start};

#[tokio::test(start_paused = true)]
async fn services_that_differ_in_case_only_are_different_services() {
    let setup = start("").await;
    for service in ["shop", "Shop", "SHOP"] {
        setup
            .send(&spans_of(&[("service.name", service)], vec![span("a", 1)]))
            .await;
    }
    assert_eq!(of(&flushed(&setup).await, CALLS).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_is_too_long_for_a_series_is_counted_and_not_kept() {
    let setup = start("dimensions: [{name: query}]").await;
    let long = |n: usize| format!("{n}-{}", "x".repeat(1 << 20));
    for n in 0..20 {
        let of_name = span(&long(n), 1);
        let of_value = Span {
            attributes: vec![attribute("query", long(n).as_str())],
            ..span("b", 1)
        };
        let resource = [
            ("service.name", "s"),
            ("junk", &*long(1)),
            ("host.name", "h"),
        ];
        let spans = vec![of_name, of_value, span("a", 1)];
        setup.send(&spans_of(&resource, spans)).await;
    }
    flushed(&setup).await;
    let points = flushed(&setup).await;
    let calls = of(&points, CALLS);
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert!(calls[0].contains("otel.metric.overflow=true") && calls[0].ends_with(" 40"));
    assert!(calls[1].contains("span.name=a") && calls[1].ends_with(" 20"));
    let resource: Vec<_> = points[0].resource.keys().map(String::as_str).collect();
    assert_eq!(resource, ["host.name", "service.name"]);
    let bytes = setup.next.batches().iter().map(Batch::bytes).max();
    assert!(bytes.unwrap() < 16 << 10, "{bytes:?}");
}

#[tokio::test(start_paused = true)]
async fn spans_without_anything_and_with_unknown_kinds_are_counted() {
    let setup = start("exemplars: {enabled: true}").await;
    let odd = Span {
        kind: 77,
        trace_id: vec![1; 3],
        span_id: vec![0; 8],
        ..Span::default()
    };
    let zero = Span {
        trace_id: vec![0; 16],
        span_id: vec![0; 8],
        ..Span::default()
    };
    setup
        .send(&spans_of(
            &[("service.name", "s")],
            vec![odd, zero, Span::default()],
        ))
        .await;
    flushed(&setup).await;
    let points = flushed(&setup).await;
    let calls = of(&points, CALLS);
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert!(
        calls[0].contains("span.kind=\"\"") && calls[0].ends_with(" 1"),
        "{calls:?}"
    );
    assert!(
        calls[1].contains("SPAN_KIND_UNSPECIFIED") && calls[1].ends_with(" 2"),
        "{calls:?}"
    );
    assert!(points.iter().all(|point| point.exemplars.is_empty()));
}

#[tokio::test(start_paused = true)]
async fn bytes_that_are_no_spans_do_no_harm() {
    let setup = start(
        "exemplars: {enabled: true}
events: {enabled: true, dimensions: [{name: a}]}
dimensions: [{glob: '*'}]
include_instrumentation_scope: [scope]",
    )
    .await;
    for bytes in arbitrary_requests(Signal::Traces, 17, 300) {
        let batch = Batch::new(Signal::Traces, Bytes::from(bytes), 1);
        setup.connector.consume(batch).await.unwrap();
    }
    setup.stop().await;
    setup.assert_balanced();
}
