//! What the queue takes, what it refuses, and when its room comes back.

use std::time::Duration;

use headwater_core::bytes::Bytes;
use headwater_core::{Batch, ErrorKind, Signal};
use headwater_exporting::{SendingQueueConfig, Sizer};
use headwater_testkit::{Generator, Shape, host};

use crate::support::{Answer, Logs, Setup, no_retry, permanent, queue, unavailable};

#[tokio::test(start_paused = true)]
async fn what_is_taken_arrives_in_order() {
    let mut setup = Setup::new(Some(queue(10)), no_retry()).await;
    for items in [3, 1, 2] {
        setup.send(items).await.unwrap();
    }
    setup.backend.wait_for_calls(3).await;
    setup.settle().await;
    assert_eq!(setup.backend.items(), [3, 1, 2]);
    assert_eq!(setup.metric("sent_spans"), 6.0);
    assert_eq!(setup.metric("enqueue_size"), 6.0);
    assert_eq!(setup.metric("queue_capacity"), 10.0);
    assert_eq!((setup.ledger().received, setup.ledger().sent), (6, 6));
    setup.assert_delivered();
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_at_once_and_what_is_being_sent_counts() {
    let (logs, _guard) = Logs::record();
    let mut setup = Setup::new(Some(queue(2)), no_retry()).await;
    setup.backend.close_gate();
    setup.send(1).await.unwrap();
    setup.backend.wait_for_calls(1).await;
    setup.send(1).await.unwrap();
    assert_eq!(setup.metric("queue_size"), 2.0);
    let error = setup.send(5).await.unwrap_err();
    assert_eq!(error.to_string(), "sending queue is full");
    assert_eq!(error.kind(), ErrorKind::Refused { after: None });
    assert_eq!(setup.metric("enqueue_failed_spans"), 5.0);
    assert_eq!((setup.ledger().received, setup.ledger().held), (2, 2));
    setup.assert_balanced();
    let line = "ERROR Exporting failed. Rejecting data. error=sending queue is full \
                rejected_items=5 help=\"enable retry_on_failure to retry on retryable errors\"";
    assert_eq!(logs.lines(), [line]);

    // The room comes back when the request has arrived, not when a consumer takes it.
    setup.backend.let_through(1);
    setup.settle().await;
    assert_eq!(setup.metric("queue_size"), 1.0);
    setup.send(1).await.unwrap();
    setup.backend.let_through(2);
    setup.settle().await;
    setup.assert_delivered();
}

#[tokio::test(start_paused = true)]
async fn what_never_fits_is_refused_for_good() {
    let config = SendingQueueConfig {
        sizer: Sizer::Items,
        block_on_overflow: true,
        ..queue(10)
    };
    let mut setup = Setup::new(Some(config), no_retry()).await;
    let error = setup.send(11).await.unwrap_err();
    assert!(error.is_permanent());
    let text = "element size too large: 11 items, the whole sending queue holds 10";
    assert_eq!(error.to_string(), text);
    setup.send(10).await.unwrap();
    setup.settle().await;
    setup.assert_delivered();
}

#[tokio::test(start_paused = true)]
async fn sizers_measure_requests_items_and_bytes() {
    for (sizer, expected) in [(Sizer::Requests, 2), (Sizer::Items, 7), (Sizer::Bytes, 0)] {
        let config = SendingQueueConfig {
            sizer,
            ..queue(1_000_000)
        };
        let mut setup = Setup::new(Some(config), no_retry()).await;
        setup.backend.close_gate();
        let (first, second) = (setup.request(3), setup.request(4));
        let bytes = first.bytes() + second.bytes();
        setup.exporter.consume(first).await.unwrap();
        setup.exporter.consume(second).await.unwrap();
        let expected = if sizer == Sizer::Bytes {
            bytes
        } else {
            expected
        };
        assert_eq!(setup.metric("queue_size"), expected as f64, "{sizer:?}");
        setup.backend.let_through(2);
        setup.settle().await;
        setup.assert_empty();
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_without_size_is_taken_and_goes_nowhere() {
    let config = SendingQueueConfig {
        sizer: Sizer::Items,
        ..queue(10)
    };
    let setup = Setup::new(Some(config), no_retry()).await;
    let empty = Batch::new(Signal::Traces, vec![10, 0], 0);
    setup.exporter.consume(empty).await.unwrap();
    setup.settle().await;
    assert_eq!(setup.backend.calls(), 0);
    setup.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn senders_wait_for_room_in_the_order_they_came() {
    let config = SendingQueueConfig {
        block_on_overflow: true,
        ..queue(1)
    };
    let mut setup = Setup::new(Some(config), no_retry()).await;
    setup.backend.close_gate();
    let batches: Vec<Batch> = [1, 2, 3, 4].map(|items| setup.request(items)).into();
    let mut senders: Vec<_> = batches
        .into_iter()
        .map(|batch| {
            let exporter = std::sync::Arc::clone(&setup.exporter);
            tokio::spawn(async move { exporter.consume(batch).await })
        })
        .collect();
    setup.settle().await;
    let finished = |senders: &[tokio::task::JoinHandle<_>]| {
        senders.iter().filter(|sender| sender.is_finished()).count()
    };
    assert_eq!(finished(&senders), 1);
    // A sender that goes away leaves nothing behind.
    senders.remove(2).abort();
    setup.settle().await;
    assert_eq!(setup.ledger().received, 1);
    for _ in 0..3 {
        setup.backend.let_through(1);
        setup.settle().await;
    }
    assert_eq!(finished(&senders), 3);
    assert_eq!(setup.backend.items(), [1, 2, 4]);
    setup.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn consumers_bound_what_is_sent_at_a_time() {
    let config = SendingQueueConfig {
        num_consumers: 3,
        ..queue(100)
    };
    let mut setup = Setup::new(Some(config), no_retry()).await;
    setup.backend.close_gate();
    for _ in 0..10 {
        setup.send(1).await.unwrap();
    }
    setup.settle().await;
    assert_eq!(setup.metric("in_flight_requests"), 3.0);
    setup.backend.let_through(10);
    setup.settle().await;
    assert_eq!(setup.backend.most_in_flight(), 3);
    setup.assert_empty();
    assert_eq!(setup.ledger().sent, 10);
}

#[tokio::test(start_paused = true)]
async fn what_waits_does_not_keep_a_large_buffer_alive() {
    let mut setup = Setup::new(Some(queue(10)), no_retry()).await;
    setup.backend.close_gate();
    setup.send(1).await.unwrap();
    setup.backend.wait_for_calls(1).await;
    let shape = Shape {
        resources: 50,
        scopes: 1,
        items: 100,
    };
    let bytes = Bytes::from(Generator::new(1).request(Signal::Traces, shape));
    let mut whole = Batch::new(Signal::Traces, bytes.clone(), 100);
    let piece = whole.take_front(2).unwrap();
    drop(whole);
    let expected = piece.payload().to_contiguous().to_vec();
    assert!(!bytes.is_unique());
    setup.exporter.consume(piece).await.unwrap();
    assert!(bytes.is_unique(), "the queue holds the buffer of all 100");
    setup.backend.let_through(2);
    setup.settle().await;
    assert!(setup.backend.taken()[1].payload().to_contiguous() == expected);
    setup.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn senders_that_wait_for_the_result_learn_it_and_stay_responsible() {
    let config = SendingQueueConfig {
        wait_for_result: true,
        ..queue(10)
    };
    let (logs, _guard) = Logs::record();
    let mut setup = Setup::new(Some(config), no_retry()).await;
    setup.send(2).await.unwrap();
    assert_eq!(setup.backend.items(), [2]);
    setup.backend.answer([Answer::Fail(permanent())]);
    let error = setup.send(3).await.unwrap_err();
    assert!(error.is_permanent());
    assert_eq!(error.to_string(), "not retryable error: bad data");
    setup.backend.answer([Answer::Fail(unavailable())]);
    assert!(!setup.send(3).await.unwrap_err().is_permanent());
    assert_eq!((setup.ledger().received, setup.ledger().sent), (2, 2));
    assert_eq!(setup.metric("send_failed_spans"), 6.0);
    setup.settle().await;
    setup.assert_delivered();
    assert_eq!(logs.lines().len(), 2, "{:?}", logs.lines());
    assert!(logs.lines()[0].starts_with("ERROR Exporting failed. Rejecting data."));
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_goes_away_takes_nothing_back() {
    let config = SendingQueueConfig {
        wait_for_result: true,
        ..queue(10)
    };
    let mut setup = Setup::new(Some(config), no_retry()).await;
    setup.backend.close_gate();
    let batch = setup.request(2);
    let waiting = tokio::time::timeout(Duration::from_secs(1), setup.exporter.consume(batch));
    assert!(waiting.await.is_err());
    setup.backend.let_through(1);
    setup.settle().await;
    assert_eq!(setup.backend.items(), [2]);
    setup.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn without_a_queue_the_caller_sends() {
    let mut setup = Setup::new(None, no_retry()).await;
    setup.send(2).await.unwrap();
    assert_eq!(setup.backend.items(), [2]);
    setup.backend.answer([Answer::Fail(permanent())]);
    assert!(setup.send(3).await.unwrap_err().is_permanent());
    assert_eq!((setup.ledger().received, setup.ledger().sent), (2, 2));
    setup.assert_delivered();
}

#[tokio::test(start_paused = true)]
async fn without_a_queue_a_caller_that_goes_away_leaves_no_trace() {
    let mut setup = Setup::new(None, no_retry()).await;
    setup.backend.answer([Answer::Hang]);
    let batch = setup.request(2);
    let sending = tokio::time::timeout(Duration::from_secs(1), setup.exporter.consume(batch));
    assert!(sending.await.is_err());
    setup.assert_empty();
    assert_eq!(setup.ledger().received, 0);
}

#[tokio::test(start_paused = true)]
async fn a_queue_on_disk_is_refused_when_it_is_built() {
    let config = SendingQueueConfig {
        storage: Some("file_storage".parse().unwrap()),
        ..queue(10)
    };
    let environment = headwater_testkit::environment();
    let settings = environment.signal_settings(
        headwater_core::ComponentKind::Exporter,
        &"otlp".parse().unwrap(),
        Signal::Logs,
    );
    let queue = headwater_core::config::Optional::Some(config);
    let built = headwater_exporting::Exporting::new(settings, crate::support::Backend::new())
        .queue(&queue)
        .build();
    let error = built.err().unwrap().to_string();
    assert!(
        error.starts_with("no storage client extension found"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn counters_carry_where_they_send() {
    let destination = vec![("server.address", "backend".to_owned())];
    let compose = |exporting: headwater_exporting::Exporting| exporting.destination(destination);
    let setup = Setup::with(Some(queue(10)), compose, host()).await;
    let level = headwater_core::telemetry::Level::Detailed;
    for family in setup.environment.telemetry.snapshot(level) {
        let name = family.instrument.name;
        let labels: Vec<_> = family.series[0].0.iter().map(|(label, _)| *label).collect();
        let expected: &[&str] = match name {
            "otelcol_exporter_sent_spans" | "otelcol_exporter_send_failed_spans" => {
                &["exporter", "server.address"]
            }
            "otelcol_exporter_queue_size"
            | "otelcol_exporter_queue_capacity"
            | "otelcol_exporter_in_flight_requests" => &["exporter", "data_type"],
            _ => &["exporter"],
        };
        assert_eq!(labels, expected, "{name}");
    }
}
