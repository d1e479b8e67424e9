//! The names that Tempo's metrics-generator uses.

use headwater_testkit::attribute;

use crate::support::{FAILED, TOTAL, client, flushed, from, of, server, start, with};

#[tokio::test(start_paused = true)]
async fn metrics_are_those_of_tempos_generator() {
    let setup = start("naming: tempo\ndimensions: [k8s.cluster]").await;
    let attributes = vec![attribute("k8s.cluster", "eu")];
    let mut failed = client(2, 1);
    failed.status = Some(headwater_testkit::otlp::Status {
        code: 2,
        ..Default::default()
    });
    setup
        .send(&from("web", vec![with(client(1, 150), attributes), failed]))
        .await;
    setup
        .send(&from("shop", vec![server(1, 1), server(2, 1)]))
        .await;
    let points = flushed(&setup).await;
    assert_eq!(
        of(&points, TOTAL),
        [
            "{client=web,client_k8s_cluster=eu,connection_type=\"\",server=shop} 1",
            "{client=web,connection_type=\"\",server=shop} 1",
        ]
    );
    assert_eq!(
        of(&points, FAILED),
        ["{client=web,connection_type=\"\",server=shop} 1"]
    );
    let latency = of(&points, "traces_service_graph_request_client_seconds");
    assert!(
        latency[0].ends_with(
            "count=1 sum=0.15 buckets=[0, 1, 0, 0, 0, 0, 0, 0, 0] \
             bounds=[0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8]"
        ),
        "{latency:?}"
    );
    assert_eq!(
        of(&points, "traces_service_graph_request_server_seconds").len(),
        2
    );
    assert!(points.iter().all(|point| point.scope.is_empty()));
}

#[tokio::test(start_paused = true)]
async fn databases_are_called_after_where_they_are() {
    let setup = start("naming: tempo").await;
    let database = |more: Vec<(&str, &str)>| {
        let mut all = vec![attribute("db.namespace", "orders")];
        all.extend(more.into_iter().map(|(key, value)| attribute(key, value)));
        all
    };
    let spans = vec![
        with(client(1, 1), database(vec![])),
        with(client(2, 1), database(vec![("server.address", "db1")])),
        with(
            client(3, 1),
            database(vec![
                ("network.peer.address", "10.0.0.1"),
                ("network.peer.port", "5432"),
            ]),
        ),
        with(
            client(4, 1),
            database(vec![("peer.service", "pg"), ("server.address", "db1")]),
        ),
    ];
    setup.send(&from("web", spans)).await;
    let points = flushed(&setup).await;
    let servers: Vec<_> = points
        .iter()
        .filter(|point| point.metric == TOTAL)
        .map(|point| point.attributes["server"].as_str())
        .collect();
    assert_eq!(servers, ["10.0.0.1:5432", "db1", "orders", "pg"]);
}

#[tokio::test(start_paused = true)]
async fn only_peers_that_have_a_name_are_guessed() {
    let setup = start("naming: tempo\nmetrics_flush_interval: 60s").await;
    let peer = vec![attribute("peer.service", "browser")];
    setup
        .send(&from("web", vec![client(1, 1), with(server(0, 1), peer)]))
        .await;
    let points = flushed(&setup).await;
    assert_eq!(
        of(&points, TOTAL),
        ["{client=browser,connection_type=virtual_node,server=web} 1"]
    );
}
