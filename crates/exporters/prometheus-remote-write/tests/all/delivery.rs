//! Order, splitting, and what a request looks like.

use headwater_core::status::Status;
use headwater_exporter_prometheus_remote_write::ProtobufMessage;

use crate::support::{Backend, T, config, many, one, started};

#[tokio::test]
async fn order_within_a_series_holds_across_batches_and_retries() {
    for message in [ProtobufMessage::V1, ProtobufMessage::V2] {
        let backend = Backend::start();
        // Every third request fails once or twice.
        let statuses = [503, 204, 500, 429, 204];
        let mut config = config(backend.address);
        config.protobuf_message = message;
        if message == ProtobufMessage::V1 {
            backend.say_status(statuses.into_iter().cycle().take(60));
        }
        config.max_batch_size_bytes = 600;
        config.remote_write_queue.num_consumers = 4;
        let setup = started(&config).await;
        for at in 0..20 {
            setup.consume(many(T + at, 25)).await;
        }
        assert_eq!(setup.done().await.sent, 500);
        setup.stop().await;
        let mut last: std::collections::BTreeMap<String, Vec<i64>> = Default::default();
        for request in backend.received() {
            for (labels, samples) in request.series() {
                let times: Vec<i64> = samples.into_iter().map(|(at, _)| at).collect();
                assert!(times.is_sorted());
                // A retry repeats, it never goes back behind what came after it.
                let before = last.insert(labels.clone(), times.clone());
                assert!(
                    before.is_none_or(|before| before == times || before.last() < times.first()),
                    "{labels}"
                );
            }
        }
        assert_eq!(last.len(), 25);
        let newest = T as i64 + 19;
        assert!(last.values().all(|times| times.last() == Some(&newest)));
    }
}

#[tokio::test]
async fn large_batches_are_split_by_size_and_arrive_whole() {
    for message in [ProtobufMessage::V1, ProtobufMessage::V2] {
        let backend = Backend::start();
        let mut config = config(backend.address);
        config.protobuf_message = message;
        config.max_batch_size_bytes = 10_000;
        let setup = started(&config).await;
        setup.consume(many(T, 1000)).await;
        assert_eq!(setup.stop().await.sent, 1000);
        let received = backend.received();
        assert!(received.len() > 2);
        let mut series = 0;
        for request in &received {
            assert!(request.body.len() <= 10_000);
            series += request.series().len();
        }
        assert_eq!(series, 1000);
    }
}

#[tokio::test]
async fn only_one_batch_is_on_its_way_at_a_time() {
    let backend = Backend::start();
    backend.say_status([503, 503, 503]);
    let setup = started(&config(backend.address)).await;
    for at in 0..5 {
        setup.consume(one(T + at, at as f64)).await;
    }
    assert_eq!(setup.stop().await.received, 5);
    let times: Vec<i64> = backend
        .received()
        .iter()
        .flat_map(|r| {
            r.series()
                .into_values()
                .flatten()
                .map(|(at, _)| at - T as i64)
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(times.last(), Some(&4));
}

#[tokio::test]
async fn while_the_backend_is_away_the_oldest_is_dropped_and_the_rest_arrives_in_order() {
    let backend = Backend::start();
    backend.say_status([503; 200]);
    let mut config = config(backend.address);
    config.remote_write_queue.queue_size = 3;
    config.retry_on_failure.max_elapsed_time = std::time::Duration::ZERO;
    let setup = started(&config).await;
    setup.consume(one(T, 0.0)).await;
    backend.wait_for(2).await;
    assert_eq!(setup.status(), Status::RecoverableError);
    for at in 1..50 {
        setup.consume(one(T + at, at as f64)).await;
    }
    let ledger = setup.done().await;
    assert_eq!((ledger.received, ledger.sent), (50, 3));
    assert_eq!(ledger.dropped.get("queue_full"), Some(&47));
    assert_eq!(setup.status(), Status::Ok);
    let mut times: Vec<i64> = Vec::new();
    for request in backend.received() {
        times.extend(
            request
                .series()
                .into_values()
                .flatten()
                .map(|(at, _)| at - T as i64),
        );
    }
    times.dedup();
    assert_eq!(times, [0, 48, 49]);
    setup.stop().await;
}

#[tokio::test]
async fn small_batches_that_wait_go_out_as_one_request() {
    for message in [ProtobufMessage::V1, ProtobufMessage::V2] {
        let backend = Backend::start();
        let mut config = config(backend.address);
        config.protobuf_message = message;
        let setup = started(&config).await;
        for at in 0..100 {
            setup.consume(many(T + at, 3)).await;
        }
        assert_eq!(setup.stop().await.sent, 300);
        let received = backend.received();
        assert!(received.len() < 20, "{}", received.len());
        let samples: usize = received
            .iter()
            .flat_map(|request| request.series().into_values())
            .map(|samples| {
                assert!(samples.is_sorted_by_key(|(at, _)| *at));
                samples.len()
            })
            .sum();
        assert_eq!(samples, 300);
    }
}

#[tokio::test]
async fn data_that_is_given_up_shows_in_the_status_until_something_arrives() {
    let backend = Backend::start();
    backend.say_status([400]);
    let setup = started(&config(backend.address)).await;
    setup.consume(one(T, 1.0)).await;
    setup.done().await;
    assert_eq!(setup.status(), Status::RecoverableError);
    setup.consume(one(T + 1, 1.0)).await;
    setup.done().await;
    assert_eq!(setup.status(), Status::Ok);
    setup.stop().await;
}
