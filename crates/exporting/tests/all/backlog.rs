//! A queue where order counts: the oldest makes room, and what waits is merged.

use std::time::Duration;

use headwater_core::status::Status;
use headwater_core::{Batch, ContextParts, ErrorKind};
use headwater_exporting::{Backlog, RetryConfig, SendingQueueConfig};
use headwater_testkit::host;

use crate::support::{Answer, Logs, Setup, queue, unavailable};

const PAUSE: Duration = Duration::from_millis(100);

fn backlog() -> Backlog {
    Backlog {
        max_bytes: usize::MAX,
        merge_bytes: 0,
        merge_interval: Duration::ZERO,
    }
}

fn merging(merge_bytes: usize) -> Backlog {
    Backlog {
        merge_bytes,
        merge_interval: PAUSE,
        ..backlog()
    }
}

async fn setup(config: SendingQueueConfig, backlog: Backlog, retry: RetryConfig) -> Setup {
    let compose =
        |exporting: headwater_exporting::Exporting| exporting.backlog(backlog).retry(&retry);
    Setup::with(Some(config), compose, host()).await
}

fn patient() -> RetryConfig {
    RetryConfig {
        max_elapsed_time: Duration::ZERO,
        ..RetryConfig::default()
    }
}

#[tokio::test(start_paused = true)]
async fn while_the_backend_is_away_the_oldest_makes_room_and_the_rest_arrives_in_order() {
    let (logs, _guard) = Logs::record();
    let mut setup = setup(queue(10), backlog(), patient()).await;
    setup.backend.always_fail(unavailable);
    // Ten minutes, a request a second: one is being sent, nine wait, the others have to go.
    for items in 1..=600 {
        setup.send(items).await.unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        setup.settle().await;
        assert!(setup.metric("queue_size") <= 10.0);
        setup.assert_balanced();
    }
    assert_eq!(setup.status(), Status::RecoverableError);
    let kept: Vec<usize> = std::iter::once(1).chain(592..=600).collect();
    let lost: usize = (2..592).sum();
    assert_eq!(setup.ledger().held as usize, kept.iter().sum::<usize>());
    assert_eq!(
        setup.ledger().dropped.get("queue_full"),
        Some(&(lost as u64))
    );
    assert_eq!(setup.metric("send_failed_spans"), lost as f64);

    setup.backend.recover();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(setup.backend.items(), kept);
    assert_eq!(setup.status(), Status::Ok);
    setup.assert_empty();
    let said: Vec<_> = logs
        .lines()
        .into_iter()
        .filter(|line| line.contains("Dropping the oldest"))
        .collect();
    assert!(
        said[0].contains("dropped_items=2 reason=\"queue_full\""),
        "{}",
        said[0]
    );
    assert!(
        (50..=70).contains(&said.len()),
        "every ten seconds, not every time"
    );
}

#[tokio::test(start_paused = true)]
async fn bytes_are_bounded_and_what_is_larger_than_the_bound_waits_alone() {
    let mut setup = setup(queue(1000), backlog(), patient()).await;
    let size = setup.request(1).bytes();
    let bounded = Backlog {
        max_bytes: 3 * size,
        ..backlog()
    };
    setup = self::setup(queue(1000), bounded, patient()).await;
    setup.backend.close_gate();
    setup.send(1).await.unwrap();
    setup.backend.wait_for_calls(1).await;
    for _ in 0..3 {
        setup.send(1).await.unwrap();
    }
    assert!(setup.ledger().dropped.values().sum::<u64>() <= 1);
    setup.send(50).await.unwrap();
    assert_eq!(
        setup.ledger().held,
        51,
        "what is being sent, and the newest"
    );
    setup.backend.let_through(2);
    setup.settle().await;
    assert_eq!(setup.backend.items(), [1, 50]);
    setup.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn when_all_of_the_room_is_being_sent_the_newest_is_refused() {
    let mut setup = setup(queue(1), backlog(), patient()).await;
    setup.backend.close_gate();
    setup.send(1).await.unwrap();
    setup.backend.wait_for_calls(1).await;
    let error = setup.send(2).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused { after: None });
    setup.backend.let_through(1);
    setup.settle().await;
    setup.assert_delivered();
}

#[tokio::test(start_paused = true)]
async fn the_first_request_goes_at_once_and_those_that_follow_go_together() {
    let mut setup = setup(queue(1000), merging(1 << 20), patient()).await;
    setup.send(1).await.unwrap();
    setup.settle().await;
    for items in 2..=5 {
        setup.send(items).await.unwrap();
        setup.settle().await;
    }
    assert_eq!(setup.backend.items(), [1]);
    setup.backend.wait_for_calls(2).await;
    setup.settle().await;
    assert_eq!(setup.backend.items(), [1, 14]);
    assert_eq!(setup.backend.times(), [Duration::ZERO, PAUSE]);
    // After a pause, the next is the first again.
    tokio::time::sleep(Duration::from_secs(1)).await;
    setup.send(3).await.unwrap();
    setup.settle().await;
    assert_eq!(setup.backend.items(), [1, 14, 3]);
    assert_eq!(setup.metric("queue_batch_send_size"), 18.0);
    // Only what was merged has parts.
    assert_eq!(setup.backend.merged(), [[1, 1, 1, 1]]);
    setup.assert_delivered();
}

#[tokio::test(start_paused = true)]
async fn the_parts_of_a_merged_request_are_those_that_were_sent_until_a_piece_of_it_is_delivered() {
    let mut setup = setup(queue(1000), merging(1 << 20), patient()).await;
    setup.send(1).await.unwrap();
    setup.settle().await;
    let mut two_segments = setup.request(2);
    two_segments.append(setup.request(3));
    setup.exporter.consume(two_segments).await.unwrap();
    setup.send(4).await.unwrap();
    setup.backend.answer([
        Answer::Fail(unavailable()),
        Answer::TakeSome(2, unavailable()),
    ]);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(setup.backend.items(), [1, 2, 7]);
    assert_eq!(setup.backend.merged(), [[2, 1], [2, 1]]);
    setup.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn nothing_waits_once_there_is_enough_for_a_full_request() {
    let mut setup = setup(queue(1000), merging(4096), patient()).await;
    for _ in 0..40 {
        setup.send(10).await.unwrap();
    }
    setup.settle().await;
    let sizes: Vec<usize> = setup.backend.taken().iter().map(Batch::bytes).collect();
    assert!(sizes.len() > 2, "{sizes:?}");
    assert!(setup.backend.times().iter().all(Duration::is_zero));
    // The shutdown does not wait, either.
    let before = tokio::time::Instant::now();
    setup.send(1).await.unwrap();
    setup.stop().await;
    assert!(before.elapsed() < PAUSE);
    setup.assert_delivered();
}

#[tokio::test(start_paused = true)]
async fn requests_of_different_tenants_stay_apart_and_in_order() {
    let mut setup = setup(queue(1000), merging(1 << 20), patient()).await;
    setup.backend.close_gate();
    setup.send(9).await.unwrap();
    setup.backend.wait_for_calls(1).await;
    for (items, tenant) in [(1, "a"), (2, "a"), (3, "b"), (4, "a")] {
        let context = headwater_core::Context::new(ContextParts {
            tenant: Some(tenant.into()),
            ..ContextParts::default()
        });
        let batch = setup.request(items).with_context(context);
        setup.exporter.consume(batch).await.unwrap();
    }
    setup.backend.let_through(10);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let seen: Vec<_> = setup
        .backend
        .taken()
        .iter()
        .map(|batch| (batch.items(), batch.context().tenant().map(str::to_owned)))
        .collect();
    let of = |items, tenant: &str| (items, Some(tenant.to_owned()));
    assert_eq!(seen, [(9, None), of(3, "a"), of(3, "b"), of(4, "a")]);
    setup.assert_empty();
}
