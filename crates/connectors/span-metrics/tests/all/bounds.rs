//! What keeps the state small.

use std::time::Duration;

use headwater_core::{Context, ContextParts};
use headwater_testkit::{batch_of, points, spans_of};

use crate::support::{CALLS, DURATION, flushed, of, span, start};

const OVERFLOW: &str = "{otel.metric.overflow=true}";

#[tokio::test(start_paused = true)]
async fn fifty_thousand_names_become_one_series_that_overflows() {
    for limit in ["aggregation_cardinality_limit: 10", "max_series: 10"] {
        let setup = start(limit).await;
        for chunk in 0..50 {
            let spans = (0..1000).map(|n| span(&format!("name-{}", chunk * 1000 + n), 1));
            setup
                .send(&spans_of(&[("service.name", "s")], spans.collect()))
                .await;
        }
        flushed(&setup).await;
        let points = flushed(&setup).await;
        let calls = of(&points, CALLS);
        assert_eq!(calls.len(), 11, "{limit}");
        assert!(
            calls.contains(&format!("{CALLS}{OVERFLOW} 49990")),
            "{calls:?}"
        );
        let durations = of(&points, DURATION);
        let overflow = format!("{DURATION}{OVERFLOW} count=49990 ");
        assert!(
            durations.iter().any(|shown| shown.starts_with(&overflow)),
            "{durations:?}"
        );
        setup.assert_balanced();
    }
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_makes_room_is_sent_a_last_time_with_its_real_counts() {
    let setup = start("resource_metrics_cache_size: 2").await;
    for service in ["a", "b", "c"] {
        setup
            .send(&spans_of(&[("service.name", service)], vec![span("x", 1)]))
            .await;
    }
    let value = |points: &[headwater_testkit::Point], service: &str| {
        points
            .iter()
            .find(|p| p.metric == CALLS && p.attributes["service.name"] == service)
            .map(|p| p.value.clone())
    };
    let first = flushed(&setup).await;
    assert_eq!(value(&first, "a").unwrap(), "1");
    assert_eq!(value(&first, "b").unwrap(), "0");
    let second = flushed(&setup).await;
    assert_eq!(
        (value(&second, "a"), value(&second, "c").unwrap()),
        (None, "1".to_owned())
    );
    setup.assert_balanced();
}

#[tokio::test(start_paused = true)]
async fn resources_that_crowd_in_are_sent_before_the_interval_is_over() {
    let setup = start("resource_metrics_cache_size: 5\nmetrics_flush_interval: 1h").await;
    for n in 0..100 {
        let name = format!("service-{n}");
        setup
            .send(&spans_of(&[("service.name", &name)], vec![span("x", 1)]))
            .await;
    }
    let sent = of(&points(&setup.next.batches()), CALLS);
    assert!(sent.len() >= 90, "{}", sent.len());
    assert!(sent.iter().all(|point| point.ends_with(" 1")), "{sent:?}");
    setup.stop().await;
    assert_eq!(of(&points(&setup.next.batches()), CALLS).len(), 100);
    setup.assert_balanced();
}

#[tokio::test(start_paused = true)]
async fn one_request_of_more_resources_than_there_may_be_is_sent_in_parts() {
    let setup = start("resource_metrics_cache_size: 5\nmetrics_flush_interval: 1h").await;
    let mut request = spans_of(&[], Vec::new());
    request.resource_spans.clear();
    for n in 0..1000 {
        let name = format!("service-{n}");
        let one = spans_of(&[("service.name", &name)], vec![span("x", 1)]);
        request.resource_spans.extend(one.resource_spans);
    }
    setup.send(&request).await;
    setup.stop().await;
    let parts = setup.next.batches();
    // As many as may be known, and as many that had to make room.
    let resources = parts.iter().map(|batch| {
        let points = points(std::slice::from_ref(batch));
        of(&points, CALLS).len()
    });
    let resources: Vec<usize> = resources.collect();
    assert!(resources.iter().all(|count| *count <= 10), "{resources:?}");
    assert_eq!(resources.iter().sum::<usize>(), 1000);
    setup.assert_balanced();
}

/// A request of one span in the name of `tenant`.
fn of_tenant(tenant: &str) -> headwater_core::Batch {
    let context = Context::new(ContextParts {
        tenant: Some(tenant.into()),
        ..ContextParts::default()
    });
    batch_of(&spans_of(&[("service.name", "s")], vec![span("a", 1)])).with_context(context)
}

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_tenants_take_the_memory_of_as_many_as_may_be_known() {
    const TENANTS: usize = 100_000;
    let setup = start("resource_metrics_cache_size: 100\nmetrics_flush_interval: 1h").await;
    let before = headwater_core::memory::heap_in_use().unwrap().bytes();
    let (mut sent, mut most) = (0, 0);
    for number in 0..TENANTS {
        let batch = of_tenant(&format!("tenant-{number}"));
        setup.connector.consume(batch).await.unwrap();
        if number % 1000 == 999 {
            // The recorder is not what is measured.
            sent += setup.next.take().len();
            let held = headwater_core::memory::heap_in_use().unwrap().bytes();
            most = most.max(held.saturating_sub(before));
        }
    }
    setup.stop().await;
    assert_eq!(sent + setup.next.batches().len(), TENANTS);
    // Without a bound they take a hundred megabytes and more; other tests run meanwhile.
    assert!(most < 48 << 20, "{most} bytes");
    setup.assert_balanced();
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_is_evicted_and_comes_back_goes_on_counting() {
    let setup = start("resource_metrics_cache_size: 2").await;
    for service in ["a", "b", "c", "a"] {
        setup
            .send(&spans_of(&[("service.name", service)], vec![span("x", 1)]))
            .await;
    }
    setup.stop().await;
    let points = points(&setup.next.batches());
    let counts: Vec<_> = of(&points, CALLS)
        .iter()
        .map(|p| p.ends_with(" 2"))
        .collect();
    assert_eq!(counts, [true, false, false]);
}

#[tokio::test(start_paused = true)]
async fn silent_resources_and_silent_series_expire() {
    let setup = start("metrics_expiration: 5m").await;
    setup
        .send(&spans_of(&[("service.name", "s")], vec![span("a", 1)]))
        .await;
    for _ in 0..4 {
        assert!(!flushed(&setup).await.is_empty());
    }
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert!(flushed(&setup).await.is_empty());

    let setup = start("series_expiration: 90s").await;
    setup
        .send(&spans_of(
            &[("service.name", "s")],
            vec![span("a", 1), span("b", 1)],
        ))
        .await;
    assert_eq!(of(&flushed(&setup).await, CALLS).len(), 2);
    setup
        .send(&spans_of(&[("service.name", "s")], vec![span("b", 1)]))
        .await;
    flushed(&setup).await;
    let points = flushed(&setup).await;
    assert_eq!(of(&points, CALLS).len(), 1);
    assert!(of(&points, CALLS)[0].contains("span.name=b"));
}

#[tokio::test(start_paused = true)]
async fn tenants_never_share_a_series() {
    let setup = start("").await;
    for tenant in ["one", "two", "one"] {
        setup.connector.consume(of_tenant(tenant)).await.unwrap();
    }
    setup.stop().await;
    let batches = setup.next.batches();
    let counts: Vec<_> = batches
        .iter()
        .map(|batch| {
            let points = points(std::slice::from_ref(batch));
            let count = of(&points, CALLS)[0].rsplit(' ').next().unwrap().to_owned();
            (batch.context().tenant().unwrap().to_owned(), count)
        })
        .collect();
    let expected = [("one", "2"), ("two", "1")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(counts, expected);
}
