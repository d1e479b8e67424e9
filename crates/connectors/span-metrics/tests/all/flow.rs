//! Cumulative metrics as the Collector makes them.

use headwater_core::ConsumeError;
use headwater_testkit::{Answer, attribute, spans_of};

use crate::support::{CALLS, DURATION, flushed, of, span, start, start_plain};

#[tokio::test(start_paused = true)]
async fn spans_are_counted_by_name_kind_and_status_and_the_first_count_is_zero() {
    let setup = start("histogram: {explicit: {buckets: [2ms, 10ms]}}").await;
    let mut failed = span("b", 20);
    failed.kind = 3;
    failed.status.as_mut().unwrap().code = 2;
    let resource = [("service.name", "shop"), ("host.name", "h")];
    setup
        .send(&spans_of(
            &resource,
            vec![span("a", 1), span("a", 2), span("a", 10), failed],
        ))
        .await;
    let first = flushed(&setup).await;
    let a = "{service.name=shop,span.kind=SPAN_KIND_SERVER,span.name=a,\
             status.code=STATUS_CODE_UNSET}";
    let b = "{service.name=shop,span.kind=SPAN_KIND_CLIENT,span.name=b,\
             status.code=STATUS_CODE_ERROR}";
    assert_eq!(
        of(&first, CALLS),
        [format!("{CALLS}{b} 0"), format!("{CALLS}{a} 0")]
    );
    assert_eq!(
        of(&first, DURATION),
        [
            format!("{DURATION}{b} count=1 sum=20 buckets=[0, 0, 1] bounds=[2.0, 10.0]"),
            format!("{DURATION}{a} count=3 sum=13 buckets=[2, 1, 0] bounds=[2.0, 10.0]"),
        ]
    );
    for point in &first {
        assert_eq!(point.resource["host.name"], "h");
        assert_eq!(
            (&*point.scope, point.temporality),
            ("spanmetricsconnector", 2)
        );
        assert_eq!(point.unit, if point.metric == DURATION { "ms" } else { "" });
        assert!(point.start > 0 && point.time >= point.start);
    }
    setup.send(&spans_of(&resource, vec![span("a", 5)])).await;
    let second = flushed(&setup).await;
    assert_eq!(
        of(&second, CALLS),
        [format!("{CALLS}{b} 1"), format!("{CALLS}{a} 4")]
    );
    let start_of = |points: &[headwater_testkit::Point]| points.iter().map(|p| p.start).min();
    assert_eq!(start_of(&first), start_of(&second));
    setup.assert_balanced();
}

#[tokio::test(start_paused = true)]
async fn a_span_that_ends_before_it_begins_took_no_time() {
    let setup = start("histogram: {unit: s}").await;
    let mut backwards = span("a", 0);
    backwards.end_time_unix_nano = 5;
    setup
        .send(&spans_of(
            &[("service.name", "s")],
            vec![backwards, span("a", 1500)],
        ))
        .await;
    let points = flushed(&setup).await;
    let duration = &of(&points, DURATION)[0];
    assert!(
        duration.contains("count=2 sum=1.5 buckets=[1, 0,"),
        "{duration}"
    );
    assert!(duration.contains("bounds=[0.002, 0.004,"), "{duration}");
}

#[tokio::test(start_paused = true)]
async fn resources_without_a_service_are_not_counted() {
    let setup = start("").await;
    setup
        .send(&spans_of(&[("host.name", "h")], vec![span("a", 1)]))
        .await;
    assert!(flushed(&setup).await.is_empty());
    assert_eq!(setup.next.calls(), 0);
    setup.assert_balanced();
}

#[tokio::test(start_paused = true)]
async fn exponential_histograms_have_as_many_buckets_as_they_may() {
    let setup = start("histogram: {exponential: {max_size: 4}}").await;
    let spans = [1, 2, 4, 8].map(|ms| span("a", ms)).to_vec();
    setup.send(&spans_of(&[("service.name", "s")], spans)).await;
    let points = flushed(&setup).await;
    assert!(
        of(&points, DURATION)[0].ends_with(
            "count=4 sum=15 scale=0 zero=0<=0 positive=-1:[1, 1, 1, 1] negative=- min=1 max=8"
        ),
        "{points:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn without_a_histogram_only_calls_are_left() {
    let setup = start("histogram: {disable: true}\nnamespace: ''").await;
    setup
        .send(&spans_of(&[("service.name", "s")], vec![span("a", 1)]))
        .await;
    let points = flushed(&setup).await;
    assert_eq!(points.len(), 1);
    assert_eq!(points[0].metric, "calls");
}

#[tokio::test(start_paused = true)]
async fn examples_are_bounded_and_told_once() {
    let setup = start("exemplars: {enabled: true, max_per_data_point: 2}").await;
    let spans = (0..5).map(|n| {
        let mut span = span("a", 1);
        span.trace_id = vec![n; 16];
        span
    });
    // The first one has a trace id of zero, which is none.
    setup
        .send(&spans_of(&[("service.name", "s")], spans.collect()))
        .await;
    let ids = [1, 2].map(|n| format!("{n:02x}").repeat(16));
    for point in flushed(&setup).await {
        assert_eq!(point.exemplars, ids, "{point}");
    }
    for point in flushed(&setup).await {
        assert!(point.exemplars.is_empty(), "{point}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_never_sent_is_sent_at_the_end_with_its_real_count() {
    let setup = start("").await;
    setup
        .send(&spans_of(
            &[("service.name", "s")],
            vec![span("a", 1), span("a", 1)],
        ))
        .await;
    setup.stop().await;
    let points = headwater_testkit::points(&setup.next.batches());
    assert!(of(&points, CALLS)[0].ends_with(" 2"), "{points:?}");
    setup.assert_balanced();
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_booked_and_the_next_flush_says_it_again() {
    let setup = start("").await;
    setup
        .next
        .answer(Answer::Fail(ConsumeError::refused("full", None)));
    setup
        .send(&spans_of(&[("service.name", "s")], vec![span("a", 1)]))
        .await;
    assert!(flushed(&setup).await.is_empty());
    let second = flushed(&setup).await;
    assert!(of(&second, CALLS)[0].ends_with(" 1"), "{second:?}");
    setup.assert_balanced();
    let balances = setup.environment.ledger.balances();
    let balance = balances.values().next().unwrap();
    assert_eq!((balance.dropped["refused"], balance.sent), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn the_instance_of_the_collector_is_a_dimension_unless_it_is_excluded() {
    let setup = start_plain("").await;
    setup
        .send(&spans_of(&[("service.name", "s")], vec![span("a", 1)]))
        .await;
    let points = flushed(&setup).await;
    assert_eq!(points[0].attributes["collector.instance.id"].len(), 36);
}

#[tokio::test(start_paused = true)]
async fn sampled_spans_count_for_those_that_were_left_out() {
    let setup = start("enable_metrics_sampling_method: true").await;
    let mut sampled = span("a", 4);
    sampled.trace_state = "ot=th:c".to_owned();
    setup
        .send(&spans_of(
            &[("service.name", "s")],
            vec![sampled, span("a", 1)],
        ))
        .await;
    flushed(&setup).await;
    let points = flushed(&setup).await;
    let calls: Vec<_> = points
        .iter()
        .filter(|point| point.metric == CALLS)
        .map(|point| {
            (
                point.attributes["sampling.method"].as_str(),
                point.value.as_str(),
            )
        })
        .collect();
    assert_eq!(calls, [("counted", "1"), ("extrapolated", "4")]);
    assert!(
        of(&points, DURATION)[1].contains("count=4 sum=16"),
        "{points:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn events_are_counted_by_their_own_attributes() {
    let setup = start("events: {enabled: true, dimensions: [{name: exception.type}]}").await;
    let mut failing = span("a", 1);
    let event = |kind: &str| headwater_testkit::otlp::Event {
        name: "exception".to_owned(),
        attributes: vec![attribute("exception.type", kind)],
        ..Default::default()
    };
    failing.events = vec![event("io"), event("io"), event("parse")];
    setup
        .send(&spans_of(&[("service.name", "s")], vec![failing]))
        .await;
    flushed(&setup).await;
    let points = flushed(&setup).await;
    let events: Vec<_> = points
        .iter()
        .filter(|point| point.metric == "traces.span.metrics.events")
        .map(|point| {
            (
                point.attributes["exception.type"].as_str(),
                point.value.as_str(),
            )
        })
        .collect();
    assert_eq!(events, [("io", "2"), ("parse", "1")]);
}
