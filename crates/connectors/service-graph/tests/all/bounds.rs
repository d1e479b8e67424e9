//! What keeps the state small, and spans that nobody should send.

use std::time::Duration;

use headwater_core::bytes::Bytes;
use headwater_core::{Batch, Context, ContextParts, Signal};
use headwater_testkit::otlp::Span;
use headwater_testkit::{arbitrary_requests, attribute, batch_of, metric, points};

use crate::support::{TOTAL, client, flushed, from, of, server, start, with};

const DROPPED: &str = "otelcol_connector_servicegraph_dropped_spans";

#[tokio::test(start_paused = true)]
async fn spans_without_room_to_wait_are_dropped_and_booked() {
    let setup = start("store: {max_items: 2, ttl: 1h}").await;
    setup
        .send(&from("web", (1..6).map(|id| client(id, 1)).collect()))
        .await;
    assert_eq!(metric(&setup.environment, DROPPED), 3.0);
    let balances = setup.environment.ledger.balances();
    let balance = balances.values().next().unwrap();
    assert_eq!((balance.dropped["store_full"], balance.filtered), (3, 2));
    // Those that wait still find their other half.
    setup.send(&from("shop", vec![server(1, 1)])).await;
    assert_eq!(of(&flushed(&setup).await, TOTAL).len(), 1);
    setup.assert_balanced();
}

#[tokio::test(start_paused = true)]
async fn more_pairs_than_there_may_be_are_one_series() {
    let setup = start("max_series: 3").await;
    for n in 0..10 {
        let query = with(
            client(n + 1, 1),
            vec![attribute("db.name", format!("db-{n}").as_str())],
        );
        setup.send(&from("web", vec![query])).await;
    }
    let totals = of(&flushed(&setup).await, TOTAL);
    assert_eq!(totals.len(), 4);
    assert!(
        totals.contains(&"{otel.metric.overflow=true} 7".to_owned()),
        "{totals:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn series_are_forgotten_after_a_quarter_of_an_hour() {
    let setup = start("").await;
    let query = |id| with(client(id, 1), vec![attribute("db.name", "d")]);
    setup.send(&from("a", vec![query(1)])).await;
    tokio::time::sleep(Duration::from_secs(590)).await;
    setup.send(&from("b", vec![query(2)])).await;
    assert_eq!(of(&flushed(&setup).await, TOTAL).len(), 2);
    tokio::time::sleep(Duration::from_secs(360)).await;
    let left = of(&flushed(&setup).await, TOTAL);
    assert_eq!(left.len(), 1);
    assert!(left[0].contains("client=b"));
}

#[tokio::test(start_paused = true)]
async fn tenants_have_graphs_of_their_own_up_to_the_limit() {
    let setup = start("max_tenants: 2").await;
    let send = |tenant: &'static str, data| {
        let context = Context::new(ContextParts {
            tenant: Some(tenant.into()),
            ..ContextParts::default()
        });
        setup
            .connector
            .consume(batch_of(&data).with_context(context))
    };
    send("one", from("web", vec![client(1, 1)])).await.unwrap();
    send("two", from("shop", vec![server(1, 1)])).await.unwrap();
    send("three", from("shop", vec![server(1, 1)]))
        .await
        .unwrap();
    assert_eq!(metric(&setup.environment, DROPPED), 1.0);
    send("one", from("shop", vec![server(1, 1)])).await.unwrap();
    setup.stop().await;
    let batches = setup.next.batches();
    let calls: Vec<_> = batches
        .iter()
        .map(|batch| {
            let points = points(std::slice::from_ref(batch));
            (
                batch.context().tenant().unwrap().to_owned(),
                of(&points, TOTAL),
            )
        })
        .collect();
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_eq!(calls[0].0, "one");
    assert!(calls[0].1[0].contains("client=web") && calls[0].1[0].contains("server=shop"));
    setup.assert_balanced();
}

#[tokio::test(start_paused = true)]
async fn services_that_differ_in_case_and_ids_of_zero_do_no_harm() {
    let setup = start("").await;
    let zero = Span {
        trace_id: vec![0; 16],
        span_id: vec![0; 8],
        kind: 3,
        ..Span::default()
    };
    let short = Span {
        trace_id: vec![1; 3],
        kind: 2,
        ..Span::default()
    };
    setup
        .send(&from("web", vec![client(1, 1), zero.clone(), short]))
        .await;
    setup.send(&from("Web", vec![server(1, 1), zero])).await;
    let points = flushed(&setup).await;
    let totals = of(&points, TOTAL);
    assert!(
        totals
            .iter()
            .any(|t| t.contains("client=web") && t.contains("server=Web")),
        "{totals:?}"
    );
    setup.assert_balanced();
}

#[tokio::test(start_paused = true)]
async fn bytes_that_are_no_spans_do_no_harm() {
    let setup = start("dimensions: [a, service.name]").await;
    for bytes in arbitrary_requests(Signal::Traces, 3, 300) {
        let batch = Batch::new(Signal::Traces, Bytes::from(bytes), 100);
        setup.connector.consume(batch).await.unwrap();
    }
    setup.stop().await;
    setup.assert_balanced();
}

#[tokio::test(start_paused = true)]
async fn of_names_of_megabytes_only_a_beginning_is_kept() {
    let setup = start("dimensions: [a, b, c, d, e]").await;
    let long = format!("x{}", "\u{e9}".repeat(1 << 20));
    setup.send(&from(&long, vec![client(1, 1)])).await;
    setup.send(&from("shop", vec![server(1, 1)])).await;
    // More of them than a series may have.
    let names = ["a", "b", "c", "d", "e"];
    let values = || names.map(|name| attribute(name, long.as_str())).to_vec();
    let call = |span| with(span, values());
    setup.send(&from("web", vec![call(client(2, 1))])).await;
    setup.send(&from("shop", vec![call(server(2, 1))])).await;
    let points = flushed(&setup).await;
    let totals = of(&points, TOTAL);
    assert_eq!(totals.len(), 2, "{totals:?}");
    let name = format!("x{}", "\u{e9}".repeat(1023));
    assert!(
        totals
            .iter()
            .any(|total| total.contains(&format!("client={name},"))),
        "{totals:?}"
    );
    assert!(totals.contains(&"{otel.metric.overflow=true} 1".to_owned()));
    setup.assert_balanced();
}
