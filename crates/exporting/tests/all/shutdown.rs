//! Nothing that was taken is lost at shutdown as long as the backend takes it, and the books
//! say what was.

use std::sync::Arc;
use std::time::Duration;

use headwater_exporting::{RetryConfig, SendingQueueConfig};

use crate::support::{Answer, Logs, Setup, batching, no_retry, queue, unavailable};

#[tokio::test(start_paused = true)]
async fn everything_that_is_queued_is_sent_before_the_exporter_closes() {
    let mut setup = Setup::new(Some(queue(1000)), RetryConfig::default()).await;
    for items in 1..=100 {
        setup.send(items).await.unwrap();
    }
    assert!(setup.backend.calls() < 100);
    setup.stop().await;
    assert!(setup.backend.is_closed());
    setup.assert_delivered();
}

#[tokio::test(start_paused = true)]
async fn what_is_being_merged_is_sent_at_once() {
    let mut setup = Setup::new(Some(batching(1000, 0)), no_retry()).await;
    for items in [3, 4, 5] {
        setup.send(items).await.unwrap();
    }
    setup.stop().await;
    assert_eq!(setup.backend.items(), [12]);
    setup.assert_delivered();
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_a_retry_ends_at_once_and_the_rest_is_tried_once() {
    let (logs, _guard) = Logs::record();
    let mut setup = Setup::new(Some(queue(1000)), RetryConfig::default()).await;
    setup.backend.always_fail(unavailable);
    for items in [1, 2, 3] {
        setup.send(items).await.unwrap();
    }
    setup.backend.wait_for_calls(1).await;
    setup.settle().await;
    let before = tokio::time::Instant::now();
    setup.stop().await;
    assert_eq!(before.elapsed(), Duration::ZERO);
    assert_eq!(setup.backend.offered(), [1, 2, 3]);
    assert_eq!(setup.ledger().dropped["shutdown"], 6);
    setup.assert_empty();
    let dropped = "ERROR Exporting failed. Dropping data. \
                   error=\"interrupted due to shutdown: backend is down\" dropped_items=";
    let expected = [1, 2, 3].map(|items| format!("{dropped}{items}"));
    assert_eq!(logs.lines()[1..], expected);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_ends_the_drain_and_the_loss_is_booked() {
    let (logs, _guard) = Logs::record();
    let config = SendingQueueConfig {
        num_consumers: 2,
        ..queue(1000)
    };
    let mut setup = Setup::new(Some(config), no_retry()).await;
    setup
        .backend
        .answer([Answer::Take, Answer::Hang, Answer::Hang]);
    for items in [1, 2, 3, 4] {
        setup.send(items).await.unwrap();
    }
    let before = tokio::time::Instant::now();
    setup.stop_within(Duration::from_secs(5)).await;
    assert_eq!(before.elapsed().as_secs(), 5);
    assert_eq!(setup.backend.items(), [1]);
    let ledger = setup.ledger();
    assert_eq!((ledger.sent, ledger.dropped["shutdown"]), (1, 9));
    setup.assert_empty();
    assert!(setup.backend.is_closed());
    let line = "ERROR Exporting failed. Dropping data. \
                error=\"the deadline of the shutdown has passed\" dropped_items=9 \
                help=\"enable retry_on_failure to retry on retryable errors\"";
    assert_eq!(logs.lines(), [line]);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_has_passed_still_closes_everything() {
    let mut setup = Setup::new(Some(batching(1000, 0)), no_retry()).await;
    setup.send(3).await.unwrap();
    setup.backend.answer([Answer::Hang]);
    setup.stop_within(Duration::ZERO).await;
    assert_eq!(setup.ledger().dropped["shutdown"], 3);
    setup.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn senders_that_wait_are_answered() {
    let config = SendingQueueConfig {
        wait_for_result: true,
        block_on_overflow: true,
        ..queue(1)
    };
    let mut setup = Setup::new(Some(config), RetryConfig::default()).await;
    setup.backend.always_fail(unavailable);
    let batches = [setup.request(1), setup.request(2)];
    let senders = batches.map(|batch| {
        let exporter = Arc::clone(&setup.exporter);
        tokio::spawn(async move { exporter.consume(batch).await.unwrap_err().to_string() })
    });
    setup.backend.wait_for_calls(1).await;
    setup.settle().await;
    setup.stop().await;
    let [first, second] = senders;
    let interrupted = "interrupted due to shutdown: backend is down";
    assert_eq!(first.await.unwrap(), interrupted);
    assert_eq!(second.await.unwrap(), "sending queue is stopped");
    setup.assert_empty();
    assert_eq!(setup.ledger().received, 0);
}

#[tokio::test(start_paused = true)]
async fn a_caller_without_queue_is_answered() {
    let mut setup = Setup::new(None, RetryConfig::default()).await;
    setup.backend.always_fail(unavailable);
    let batch = setup.request(1);
    let exporter = Arc::clone(&setup.exporter);
    let sender = tokio::spawn(async move { exporter.consume(batch).await.unwrap_err() });
    setup.backend.wait_for_calls(1).await;
    setup.stop().await;
    let error = sender.await.unwrap();
    assert!(!error.is_permanent());
    assert_eq!(
        error.to_string(),
        "interrupted due to shutdown: backend is down"
    );
    setup.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn a_stopped_queue_takes_nothing() {
    let mut setup = Setup::new(Some(queue(10)), no_retry()).await;
    setup.stop().await;
    let error = setup.send(1).await.unwrap_err();
    assert_eq!(error.to_string(), "sending queue is stopped");
    assert!(!error.is_permanent());
    setup.assert_empty();
}
