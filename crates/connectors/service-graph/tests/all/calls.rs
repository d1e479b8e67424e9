//! Calls of which both spans come.

use headwater_testkit::{attribute, metric};

use crate::support::{
    CLIENT, FAILED, SERVER, TOTAL, client, flushed, from, of, server, start, with,
};

#[tokio::test(start_paused = true)]
async fn the_spans_of_a_call_find_each_other_across_batches_in_any_order() {
    let setup = start("latency_histogram_buckets: [10ms, 100ms]").await;
    setup
        .send(&from("web", vec![client(1, 50), client(2, 5)]))
        .await;
    let mut failed = server(2, 4);
    failed.status = Some(headwater_testkit::otlp::Status {
        code: 2,
        ..Default::default()
    });
    setup
        .send(&from("shop", vec![server(1, 40), failed, server(3, 1)]))
        .await;
    setup.send(&from("web", vec![client(3, 200)])).await;
    let points = flushed(&setup).await;
    let fine = "{client=web,connection_type=\"\",failed=false,server=shop}";
    let bad = "{client=web,connection_type=\"\",failed=true,server=shop}";
    assert_eq!(
        of(&points, TOTAL),
        [format!("{fine} 2"), format!("{bad} 1")]
    );
    assert_eq!(of(&points, FAILED), [format!("{bad} 1")]);
    let bounds = "bounds=[0.01, 0.1]";
    assert_eq!(
        of(&points, SERVER),
        [
            format!("{fine} count=2 sum=0.041 buckets=[1, 1, 0] {bounds}"),
            format!("{bad} count=1 sum=0.004 buckets=[1, 0, 0] {bounds}"),
        ]
    );
    assert_eq!(
        of(&points, CLIENT),
        [
            format!("{fine} count=2 sum=0.25 buckets=[0, 1, 1] {bounds}"),
            format!("{bad} count=1 sum=0.005 buckets=[1, 0, 0] {bounds}"),
        ]
    );
    for point in &points {
        assert_eq!(
            (&*point.scope, point.temporality),
            ("traces_service_graph", 2)
        );
        assert!(point.resource.is_empty());
        let is_time = point.metric == SERVER || point.metric == CLIENT;
        assert_eq!(point.unit, if is_time { "s" } else { "" });
        assert!(point.start > 0 && point.time >= point.start);
    }
    assert_eq!(
        metric(
            &setup.environment,
            "otelcol_connector_servicegraph_total_edges"
        ),
        3.0
    );
    assert_eq!(
        metric(
            &setup.environment,
            "otelcol_connector_servicegraph_expired_edges"
        ),
        0.0
    );
    setup.assert_balanced();
}

#[tokio::test(start_paused = true)]
async fn messages_and_databases_are_connections_of_their_own_kind() {
    let setup = start("").await;
    let mut producer = client(1, 1);
    producer.kind = 4;
    let mut consumer = server(1, 2);
    consumer.kind = 5;
    let query = with(client(2, 3), vec![attribute("db.name", "orders")]);
    setup.send(&from("shop", vec![producer, query])).await;
    setup.send(&from("mail", vec![consumer])).await;
    let points = flushed(&setup).await;
    assert_eq!(
        of(&points, TOTAL),
        [
            "{client=shop,connection_type=database,failed=false,server=orders} 1",
            "{client=shop,connection_type=messaging_system,failed=false,server=mail} 1",
        ]
    );
    let server = of(&points, SERVER);
    assert!(server[0].contains("count=1 sum=0.003"), "{server:?}");
}

#[tokio::test(start_paused = true)]
async fn both_sides_have_dimensions_and_resources_win() {
    let setup = start("dimensions: [cluster, path]").await;
    let span = |span| {
        with(
            span,
            vec![attribute("cluster", "no"), attribute("path", "/x")],
        )
    };
    let mut data = from("web", vec![span(client(1, 1))]);
    let resource = data.resource_spans[0].resource.as_mut().unwrap();
    resource.attributes.push(attribute("cluster", "eu"));
    setup.send(&data).await;
    setup.send(&from("shop", vec![server(1, 1)])).await;
    let points = flushed(&setup).await;
    assert_eq!(
        of(&points, TOTAL),
        [
            "{client=web,client_cluster=eu,client_path=/x,connection_type=\"\",failed=false,\
          server=shop} 1"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn exponential_histograms_are_made_if_they_have_a_size() {
    let setup = start("exponential_histogram_max_size: 4").await;
    setup
        .send(&from("web", vec![client(1, 2000), client(2, 8000)]))
        .await;
    setup
        .send(&from("shop", vec![server(1, 1000), server(2, 1000)]))
        .await;
    let points = flushed(&setup).await;
    assert!(
        of(&points, CLIENT)[0].ends_with(
            "count=2 sum=10 scale=0 zero=0<=0 positive=0:[1, 0, 1] negative=- min=2 max=8"
        ),
        "{points:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_interval_of_zero_sends_with_every_batch() {
    let setup = start("metrics_flush_interval: 0s").await;
    setup.send(&from("web", vec![client(1, 1)])).await;
    assert_eq!(setup.next.calls(), 0);
    setup.send(&from("shop", vec![server(1, 1)])).await;
    assert_eq!(setup.next.calls(), 1);
    setup.assert_balanced();
}

#[tokio::test(start_paused = true)]
async fn a_span_that_ends_before_it_begins_took_no_time() {
    let setup = start("").await;
    let mut backwards = client(1, 0);
    backwards.end_time_unix_nano = 1;
    setup.send(&from("web", vec![backwards])).await;
    setup.send(&from("shop", vec![server(1, 1)])).await;
    let points = flushed(&setup).await;
    assert!(
        of(&points, CLIENT)[0].contains("count=1 sum=0 buckets=[1,"),
        "{points:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn points_lie_as_far_in_the_past_as_they_should() {
    let setup = start("metrics_timestamp_offset: 1h").await;
    setup
        .send(&from(
            "web",
            vec![with(client(1, 1), vec![attribute("db.name", "d")])],
        ))
        .await;
    let point = &flushed(&setup).await[0];
    assert!(point.start - point.time > 3_500_000_000_000);
}
