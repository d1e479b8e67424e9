//! What is merged, what is split, and when it is sent.

use std::sync::Arc;
use std::time::Duration;

use headwater_core::config::Optional;
use headwater_core::pdata::count_items;
use headwater_core::{Batch, Context, ContextParts, Metadata, Signal};
use headwater_exporting::{QueueBatchConfig, SendingQueueConfig, Sizer};
use headwater_testkit::host;

use crate::support::{Answer, Logs, Setup, batching, no_retry, permanent, queue, unavailable};

async fn setup(config: SendingQueueConfig) -> Setup {
    Setup::new(Some(config), no_retry()).await
}

fn changed(
    config: SendingQueueConfig,
    change: impl FnOnce(&mut QueueBatchConfig),
) -> SendingQueueConfig {
    let mut config = config;
    change(config.batch.as_mut().unwrap());
    config
}

fn context(tenant: &str) -> Context {
    let mut metadata = Metadata::default();
    metadata.append("x-tenant", tenant);
    metadata.append("x-other", "other");
    Context::new(ContextParts {
        metadata,
        peer: Some(([127, 0, 0, 1], 4317).into()),
        ..Default::default()
    })
}

async fn sleep_ms(time: u64) {
    tokio::time::sleep(Duration::from_millis(time)).await;
}

#[tokio::test(start_paused = true)]
async fn requests_are_merged_until_the_batch_is_large_enough() {
    let mut setup = setup(batching(10, 0)).await;
    setup.send(4).await.unwrap();
    setup.send(5).await.unwrap();
    setup.settle().await;
    assert_eq!(setup.backend.calls(), 0);
    assert_eq!((setup.metric("queue_size"), setup.ledger().held), (2.0, 9));
    setup.assert_balanced();
    setup.send(3).await.unwrap();
    setup.settle().await;
    assert_eq!(setup.backend.items(), [12]);
    assert_eq!(setup.metric("queue_batch_send_size"), 12.0);
    assert_eq!(
        setup.metric("queue_batch_send_size_bytes"),
        setup.backend.bytes().len() as f64
    );
    setup.assert_delivered();
}

#[tokio::test(start_paused = true)]
async fn a_small_batch_goes_when_it_has_waited_long_enough() {
    let mut setup = setup(batching(10, 0)).await;
    for _ in 0..2 {
        setup.send(4).await.unwrap();
        sleep_ms(100).await;
        setup.send(5).await.unwrap();
        sleep_ms(99).await;
        let before = setup.backend.calls();
        sleep_ms(2).await;
        assert_eq!(setup.backend.calls(), before + 1);
        sleep_ms(1000).await;
    }
    assert_eq!(setup.backend.items(), [9, 9]);
    setup.assert_delivered();
}

#[tokio::test(start_paused = true)]
async fn a_batch_above_the_cap_is_split_and_the_rest_waits_anew() {
    let mut setup = setup(batching(10, 10)).await;
    setup.send(7).await.unwrap();
    sleep_ms(150).await;
    setup.send(18).await.unwrap();
    setup.settle().await;
    assert_eq!(setup.backend.items(), [10, 10]);
    // The 18 are not done before their last five are.
    assert_eq!((setup.metric("queue_size"), setup.ledger().held), (1.0, 5));
    setup.assert_balanced();
    sleep_ms(199).await;
    assert_eq!(setup.backend.calls(), 2);
    sleep_ms(2).await;
    assert_eq!(setup.backend.items(), [10, 10, 5]);
    setup.assert_empty();
    for batch in setup.backend.taken() {
        let bytes = batch.payload().to_contiguous();
        assert_eq!(count_items(Signal::Traces, &bytes).unwrap(), batch.items());
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_smallest_size_requests_go_at_once() {
    let mut setup = setup(batching(0, 10)).await;
    setup.send(3).await.unwrap();
    setup.send(25).await.unwrap();
    setup.settle().await;
    assert_eq!(setup.backend.items(), [3, 10, 10, 5]);
    setup.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn bytes_can_be_what_counts() {
    let config = batching(20_000, 20_000);
    let mut setup = setup(changed(config, |batch| batch.sizer = Sizer::Bytes)).await;
    let mut sent = 0;
    for _ in 0..6 {
        setup.send(30).await.unwrap();
        sent += 30;
    }
    setup.stop().await;
    let taken = setup.backend.taken();
    assert_eq!(taken.iter().map(Batch::items).sum::<usize>(), sent);
    let sizes: Vec<usize> = taken.iter().map(Batch::bytes).collect();
    assert!(sizes.len() > 1, "{sizes:?}");
    assert!(sizes.iter().all(|size| *size <= 20_000), "{sizes:?}");
    setup.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn an_item_above_the_cap_goes_alone_and_takes_nobody_with_it() {
    let (logs, _guard) = Logs::record();
    let config = batching(1, 300);
    let mut setup = setup(changed(config, |batch| batch.sizer = Sizer::Bytes)).await;
    setup.send(4).await.unwrap();
    setup.settle().await;
    assert_eq!(setup.backend.items(), [1, 1, 1, 1]);
    assert!(
        setup
            .backend
            .taken()
            .iter()
            .all(|batch| batch.bytes() > 300)
    );
    setup.assert_empty();
    let line = "WARN Batch exceeds max_size because an item alone does. Sending it all the same. \
                items=4";
    assert_eq!(logs.lines(), [line]);
}

#[tokio::test(start_paused = true)]
async fn the_sender_is_forgotten_when_requests_are_merged() {
    let mut setup = setup(batching(2, 0)).await;
    for tenant in ["a", "b"] {
        let batch = setup.request(1).with_context(context(tenant));
        setup.exporter.consume(batch).await.unwrap();
    }
    setup.settle().await;
    let taken = setup.backend.taken();
    assert_eq!(taken.len(), 1);
    assert!(taken[0].context().peer().is_none());
    assert!(taken[0].context().metadata().is_none());
}

#[tokio::test(start_paused = true)]
async fn partitions_are_never_merged_and_keep_their_headers() {
    let config = changed(batching(2, 0), |batch| {
        batch.partition.metadata_keys = vec!["X-Tenant".to_owned()];
    });
    let mut setup = setup(config).await;
    for (tenant, items) in [("a", 1), ("b", 1), ("a", 1), ("c", 1)] {
        let batch = setup.request(items).with_context(context(tenant));
        setup.exporter.consume(batch).await.unwrap();
    }
    setup.send(1).await.unwrap();
    setup.settle().await;
    assert_eq!(setup.backend.items(), [2]);
    sleep_ms(201).await;
    let taken = setup.backend.taken();
    let tenants: Vec<_> = taken
        .iter()
        .map(|batch| batch.context().header("x-tenant").concat())
        .collect();
    assert_eq!(tenants, ["a", "b", "c", ""]);
    assert!(
        taken
            .iter()
            .all(|b| b.context().header("x-other").is_empty())
    );
    setup.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn tenants_are_never_merged() {
    let mut setup = setup(batching(2, 0)).await;
    for tenant in ["a", "b", "a"] {
        let context = Context::default().with_tenant(tenant.into());
        let batch = setup.request(1).with_context(context);
        setup.exporter.consume(batch).await.unwrap();
    }
    setup.stop().await;
    let taken = setup.backend.taken();
    let tenants: Vec<_> = taken
        .iter()
        .map(|b| b.context().tenant().unwrap())
        .collect();
    assert_eq!(tenants, ["a", "b"]);
    assert_eq!(setup.backend.items(), [2, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_malformed_request_is_refused_alone() {
    let mut setup = setup(batching(10, 0)).await;
    setup.send(5).await.unwrap();
    let mut bytes = setup.request(1).payload().to_contiguous().to_vec();
    bytes.pop();
    let broken = Batch::new(Signal::Traces, bytes, 1);
    let error = setup.exporter.consume(broken).await.unwrap_err();
    assert!(error.is_permanent());
    assert!(error.chain().starts_with("request is not valid OTLP: "));
    setup.send(5).await.unwrap();
    setup.settle().await;
    assert_eq!(setup.backend.items(), [10]);
    assert_eq!(setup.metric("enqueue_failed_spans"), 1.0);
    setup.assert_delivered();
}

#[tokio::test(start_paused = true)]
async fn while_nobody_is_free_batches_go_on_growing() {
    let mut setup = setup(batching(10, 0)).await;
    setup.backend.close_gate();
    setup.send(10).await.unwrap();
    setup.backend.wait_for_calls(1).await;
    for _ in 0..9 {
        setup.send(1).await.unwrap();
        sleep_ms(300).await;
    }
    setup.backend.let_through(1);
    setup.settle().await;
    assert_eq!(setup.backend.offered(), [10, 9]);
    setup.backend.let_through(1);
    setup.settle().await;
    setup.assert_delivered();
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_late_goes_before_those_that_are_full() {
    let config = changed(batching(10, 0), |batch| {
        batch.partition.metadata_keys = vec!["x-tenant".to_owned()];
    });
    let mut setup = setup(config).await;
    setup.backend.close_gate();
    setup.send(10).await.unwrap();
    setup.backend.wait_for_calls(1).await;
    let small = setup.request(1).with_context(context("small"));
    setup.exporter.consume(small).await.unwrap();
    for _ in 0..3 {
        setup.send(10).await.unwrap();
    }
    sleep_ms(401).await;
    setup.backend.let_through(4);
    setup.settle().await;
    assert_eq!(setup.backend.items(), [10, 1, 10, 10]);
}

#[tokio::test(start_paused = true)]
async fn several_batches_are_sent_at_a_time() {
    let config = SendingQueueConfig {
        num_consumers: 2,
        ..batching(10, 10)
    };
    let mut setup = setup(config).await;
    setup.backend.close_gate();
    setup.send(50).await.unwrap();
    setup.settle().await;
    assert_eq!(setup.backend.calls(), 2);
    setup.backend.let_through(5);
    setup.settle().await;
    assert_eq!(setup.backend.items(), [10; 5]);
    assert_eq!(setup.backend.most_in_flight(), 2);
    setup.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn senders_that_wait_learn_what_became_of_their_batch() {
    let config = SendingQueueConfig {
        wait_for_result: true,
        ..batching(6, 6)
    };
    let mut setup = setup(config).await;
    let mut send = |items| {
        let (exporter, batch) = (Arc::clone(&setup.exporter), setup.request(items));
        tokio::spawn(async move { exporter.consume(batch).await })
    };
    // 4 + 2 of the 10, six more, and the last two with 4.
    let senders = [send(4), send(10), send(4)];
    setup.backend.answer([
        Answer::Take,
        Answer::Fail(permanent()),
        Answer::Fail(unavailable()),
    ]);
    let [first, second, third] = senders;
    first.await.unwrap().unwrap();
    let second = second.await.unwrap().unwrap_err();
    assert!(second.is_permanent() && second.is_partial());
    let third = third.await.unwrap().unwrap_err();
    assert!(!third.is_permanent() && !third.is_partial());
    assert_eq!(setup.backend.offered(), [6, 6, 6]);
    setup.assert_empty();
    assert_eq!((setup.ledger().received, setup.ledger().sent), (6, 6));
}

#[tokio::test(start_paused = true)]
async fn the_timer_sleeps_while_there_is_nothing_to_send() {
    let mut setup = setup(batching(10, 0)).await;
    setup.send(1).await.unwrap();
    sleep_ms(201).await;
    assert_eq!(setup.backend.items(), [1]);
    // With a paused clock an endless loop of timers would never let this end.
    sleep_ms(3_600_000).await;
    setup.send(1).await.unwrap();
    sleep_ms(201).await;
    assert_eq!(setup.backend.items(), [1, 1]);
    setup.assert_delivered();
}

#[tokio::test(start_paused = true)]
async fn a_failed_batch_loses_all_of_it_and_no_more() {
    let mut setup = setup(batching(10, 10)).await;
    setup.backend.answer([Answer::Fail(permanent())]);
    setup.send(6).await.unwrap();
    setup.send(14).await.unwrap();
    setup.settle().await;
    let ledger = setup.ledger();
    assert_eq!((ledger.sent, ledger.dropped["permanent_error"]), (10, 10));
    setup.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn batching_counts_towards_the_room_of_the_queue() {
    let config = SendingQueueConfig {
        batch: Optional::Some(QueueBatchConfig::default()),
        ..queue(2)
    };
    let mut setup = Setup::with(Some(config), |exporting| exporting, host()).await;
    setup.send(1).await.unwrap();
    setup.send(1).await.unwrap();
    let error = setup.send(1).await.unwrap_err();
    assert_eq!(error.to_string(), "sending queue is full");
    sleep_ms(201).await;
    setup.send(1).await.unwrap();
    setup.stop().await;
    assert_eq!(setup.backend.items(), [2, 1]);
    setup.assert_delivered();
}
