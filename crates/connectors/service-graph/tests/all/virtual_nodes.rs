//! Calls of which one span never comes.

use headwater_testkit::{attribute, metric};

use crate::support::{TOTAL, client, flushed, from, of, server, start, with};

const EXPIRED: &str = "otelcol_connector_servicegraph_expired_edges";
const DEAD: &str = "otelcol_connector_servicegraph_dead_letters";

#[tokio::test(start_paused = true)]
async fn the_other_side_is_guessed_where_there_is_a_sign_of_it() {
    let setup = start("virtual_node_extra_label: true").await;
    setup
        .send(&from(
            "web",
            vec![
                // A client of something that has a name, and of something that has none.
                with(client(1, 1), vec![attribute("peer.service", "payments")]),
                client(2, 1),
                // A root: somebody outside.
                server(0, 1),
                // Its parent never comes: nothing can be told.
                server(9, 1),
            ],
        ))
        .await;
    let points = flushed(&setup).await;
    assert_eq!(
        of(&points, TOTAL),
        [
            "{client=user,connection_type=virtual_node,failed=false,server=web,\
             virtual_node=client} 1",
            "{client=web,connection_type=virtual_node,failed=false,server=payments,\
             virtual_node=server} 1",
            "{client=web,connection_type=virtual_node,failed=false,server=unknown,\
             virtual_node=server} 1",
        ]
    );
    assert_eq!(metric(&setup.environment, EXPIRED), 4.0);
    assert_eq!(metric(&setup.environment, DEAD), 1.0);
    setup.assert_balanced();
}

#[tokio::test(start_paused = true)]
async fn without_peer_attributes_nothing_is_guessed() {
    let setup = start("virtual_node_peer_attributes: []").await;
    setup
        .send(&from("web", vec![client(1, 1), server(0, 1)]))
        .await;
    assert!(flushed(&setup).await.is_empty());
    assert_eq!(metric(&setup.environment, DEAD), 2.0);
}

#[tokio::test(start_paused = true)]
async fn a_span_that_comes_too_late_finds_nobody() {
    let setup = start("").await;
    setup.send(&from("web", vec![client(1, 1)])).await;
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    setup.send(&from("shop", vec![server(1, 1)])).await;
    let points = flushed(&setup).await;
    assert_eq!(
        of(&points, TOTAL),
        ["{client=web,connection_type=virtual_node,failed=false,server=unknown} 1"]
    );
    assert_eq!(metric(&setup.environment, EXPIRED), 2.0);
}

#[tokio::test(start_paused = true)]
async fn what_waits_at_the_end_is_told_as_far_as_it_is_known() {
    let setup = start("").await;
    setup.send(&from("web", vec![client(1, 1)])).await;
    setup.stop().await;
    let points = headwater_testkit::points(&setup.next.batches());
    assert_eq!(of(&points, TOTAL).len(), 1);
    setup.assert_balanced();
}
