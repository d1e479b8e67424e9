//! Order, retries, splitting, the end.

use std::time::{Duration, Instant};

use headwater_core::config::Optional;
use headwater_core::status::Status;
use headwater_core::{Batch, ErrorKind};
use headwater_exporting::SendingQueueConfig;
use http::{HeaderValue, header::RETRY_AFTER};

use super::support::{
    Backend, answer, bare, batch, config, record, resource, started, stream_batch,
};

fn lines(from: u64, count: u64) -> Batch {
    let records = (from..from + count)
        .map(|at| record(at, &at.to_string()))
        .collect();
    batch(vec![resource(Vec::new(), records)])
}

/// All lines in the order in which they came.
fn all(backend: &Backend) -> String {
    let received = backend.received();
    let lines = received.iter().flat_map(|push| push.lines());
    let lines: Vec<_> = lines.map(|(_, lines)| lines).collect();
    lines.join(" ")
}

#[tokio::test]
async fn lines_arrive_in_order_whatever_has_to_be_sent_again() {
    let backend = Backend::start();
    let mut config = bare(backend.address);
    config.format = headwater_exporter_loki::Format::Raw;
    let setup = started(&config).await;
    backend.say([503, 429, 500].map(|status| answer(status, "later")));
    for at in 0..20 {
        setup.consume(lines(at * 2, 2)).await;
    }
    assert_eq!(setup.finish().await.sent, 40);
    let mut expected: Vec<_> = (0..40).map(|n: u64| n.to_string()).collect();
    // The first push came four times.
    for _ in 0..3 {
        expected.splice(0..0, ["0".to_owned(), "1".to_owned()]);
    }
    assert_eq!(all(&backend), expected.join(" "));
    assert_eq!(setup.metric("loki_pushes"), 23.0);
}

#[tokio::test]
async fn batches_wait_for_more_up_to_their_size() {
    let backend = Backend::start();
    let mut config = config(backend.address);
    config.batch_size = 600;
    config.batch_wait = Duration::from_secs(3600);
    let setup = started(&config).await;
    for at in 0..40 {
        setup.consume(lines(at, 1)).await;
    }
    setup.stop().await;
    let received = backend.received();
    assert!((2..20).contains(&received.len()), "{}", received.len());
    assert_eq!(
        received.iter().map(|push| push.entries()).sum::<usize>(),
        40
    );
}

#[tokio::test]
async fn a_push_that_is_too_large_is_sent_in_pieces() {
    let backend = Backend::start();
    backend.judge(|push| (push.entries() > 3).then(|| answer(413, "too large")));
    let mut config = bare(backend.address);
    config.format = headwater_exporter_loki::Format::Raw;
    let setup = started(&config).await;
    setup.consume(lines(0, 20)).await;
    let ledger = setup.finish().await;
    assert_eq!((ledger.sent, ledger.dropped.len()), (20, 0));
    let taken = backend.received();
    let taken: Vec<_> = taken.iter().filter(|push| push.entries() <= 3).collect();
    let lines: Vec<_> = taken.iter().flat_map(|push| push.lines()).collect();
    let lines: Vec<_> = lines.iter().map(|(_, lines)| lines.as_str()).collect();
    let expected: Vec<_> = (0..20).map(|n: u64| n.to_string()).collect();
    assert_eq!(lines.join(" "), expected.join(" "));
}

#[tokio::test]
async fn a_line_that_is_too_large_alone_is_given_up_alone() {
    let backend = Backend::start();
    backend.judge(|push| {
        let huge = push.lines().iter().any(|(_, lines)| lines.contains("huge"));
        huge.then(|| {
            answer(
                500,
                "rpc error: grpc: received message larger than max (5 vs. 4)",
            )
        })
    });
    let setup = started(&config(backend.address)).await;
    setup
        .consume(stream_batch(&[
            (&[("a", "1")], &["x", "huge", "y"]),
            (&[("a", "2")], &["z"]),
        ]))
        .await;
    let ledger = setup.finish().await;
    assert_eq!((ledger.sent, ledger.dropped["http_413"]), (3, 1));
}

#[tokio::test]
async fn retries_end_as_configured() {
    let backend = Backend::start();
    backend.judge(|_| Some(answer(503, "down")));
    let mut config = config(backend.address);
    config.max_retries = 3;
    let setup = started(&config).await;
    setup.consume(lines(0, 2)).await;
    assert_eq!(setup.finish().await.dropped["retry_exhausted"], 2);
    let received = backend.received();
    let attempts: Vec<_> = received.iter().map(|p| p.header("retry-attempt")).collect();
    assert_eq!(attempts, ["", "1", "2", "3"]);
    assert_eq!(setup.metric("loki_dropped_log_records"), 2.0);
}

#[tokio::test]
async fn a_rate_limit_is_waited_for_unless_that_is_switched_off() {
    let backend = Backend::start();
    let text = "Ingestion rate limit exceeded for user x (limit: 1 bytes/sec)";
    backend.say([answer(429, text).with_header(RETRY_AFTER, HeaderValue::from(1))]);
    let mut config = config(backend.address);
    let setup = started(&config).await;
    let began = Instant::now();
    setup.consume(lines(0, 1)).await;
    assert_eq!(setup.finish().await.sent, 1);
    assert!(began.elapsed() >= Duration::from_secs(1));
    backend.say([answer(429, text)]);
    config.retry_on_http_429 = false;
    let setup = started(&config).await;
    setup.consume(lines(0, 1)).await;
    assert_eq!(setup.finish().await.dropped["rate_limited"], 1);
}

#[tokio::test]
async fn max_streams_makes_more_pushes_and_drops_nothing() {
    let backend = Backend::start();
    let mut config = config(backend.address);
    config.max_streams = 2;
    let setup = started(&config).await;
    let labels: Vec<_> = (0..5).map(|n| n.to_string()).collect();
    let pairs: Vec<_> = labels.iter().map(|n| [("a", n.as_str())]).collect();
    let streams: Vec<super::support::Lines<'_>> =
        pairs.iter().map(|p| (&p[..], &["x"][..])).collect();
    setup.consume(stream_batch(&streams)).await;
    assert_eq!(setup.finish().await.sent, 5);
    let sizes: Vec<_> = backend.received().iter().map(|p| p.streams.len()).collect();
    assert_eq!(sizes, [2, 2, 1]);
}

#[tokio::test]
async fn without_a_queue_the_sender_learns_how_it_ended() {
    let backend = Backend::start();
    let mut config = config(backend.address);
    config.sending_queue = Optional::None;
    let setup = started(&config).await;
    setup.exporter.consume(lines(0, 1)).await.unwrap();
    backend.say([answer(401, "no org id")]);
    let error = setup.exporter.consume(lines(0, 1)).await.unwrap_err();
    assert!(error.is_permanent());
    assert!(
        error.chain().contains("401: no org id"),
        "{}",
        error.chain()
    );
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_a_loki_that_is_down() {
    let backend = Backend::start();
    backend.judge(|_| Some(answer(503, "down")));
    let mut config = config(backend.address);
    config.retry_on_failure.initial_interval = Duration::from_secs(3600);
    config.retry_on_failure.max_interval = Duration::from_secs(3600);
    let setup = started(&config).await;
    setup.consume(lines(0, 4)).await;
    backend.wait_for(1).await;
    assert_eq!(setup.stop().await.dropped["shutdown"], 4);
}

#[tokio::test]
async fn while_loki_is_down_what_waits_is_bounded_and_what_was_taken_arrives_in_order() {
    let backend = Backend::start();
    backend.judge(|_| Some(answer(503, "down")));
    let mut config = bare(backend.address);
    config.format = headwater_exporter_loki::Format::Raw;
    config.sending_queue = Optional::Some(SendingQueueConfig {
        queue_size: 3,
        num_consumers: 1,
        ..SendingQueueConfig::default()
    });
    config.max_retries = 1_000_000;
    let setup = started(&config).await;
    setup.consume(lines(0, 2)).await;
    backend.wait_for(2).await;
    let mut taken = 1;
    for at in 1..500 {
        match setup.exporter.consume(lines(taken * 2, 2)).await {
            Ok(()) => taken += 1,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Refused { after: None }, "{at}");
                assert!(error.to_string().contains("full"), "{error}");
            }
        }
        assert!(setup.ledger().held <= 6, "{:?}", setup.ledger());
    }
    assert_eq!((taken, setup.status()), (3, Status::RecoverableError));
    backend.judge(|_| None);
    assert_eq!(setup.finish().await.sent, 6);
    let arrived: Vec<_> = backend.received()[..]
        .iter()
        .flat_map(|push| push.lines())
        .map(|(_, lines)| lines)
        .collect();
    assert_eq!(arrived[arrived.len() - 3..], ["0 1", "2 3", "4 5"]);
}
