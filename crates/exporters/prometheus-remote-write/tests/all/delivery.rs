//! Order, splitting, and what a request looks like.

use headwater_exporter_prometheus_remote_write::ProtobufMessage;

use crate::support::{Backend, Setup, T, config, many, one};

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
        let setup = Setup::new(&config).await;
        for at in 0..20 {
            setup.send(many(T + at, 25)).await;
        }
        assert_eq!(setup.done().await.sent, 500);
        setup.stop().await;
        let mut last = std::collections::BTreeMap::new();
        for request in backend.received() {
            for (labels, samples) in request.series() {
                for (at, _) in samples {
                    let before = last.insert(labels.clone(), at);
                    // A retry repeats, it never goes back behind what came after it.
                    assert!(before.is_none_or(|before| before <= at), "{labels}");
                }
            }
        }
        assert_eq!(last.len(), 25);
        assert!(last.values().all(|at| *at == T as i64 + 19));
    }
}

#[tokio::test]
async fn large_batches_are_split_by_size_and_arrive_whole() {
    for message in [ProtobufMessage::V1, ProtobufMessage::V2] {
        let backend = Backend::start();
        let mut config = config(backend.address);
        config.protobuf_message = message;
        config.max_batch_size_bytes = 10_000;
        let setup = Setup::new(&config).await;
        setup.send(many(T, 1000)).await;
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
    let setup = Setup::new(&config(backend.address)).await;
    for at in 0..5 {
        setup.send(one(T + at, at as f64)).await;
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
async fn a_full_queue_refuses_and_loses_nothing() {
    let backend = Backend::start();
    backend.say_status([503; 200]);
    let mut config = config(backend.address);
    config.remote_write_queue.queue_size = 2;
    let setup = Setup::new(&config).await;
    let mut refused = 0;
    for at in 0..10 {
        refused += u64::from(setup.exporter.consume(one(T + at, 1.0)).await.is_err());
    }
    assert!(refused > 0);
    assert_eq!(setup.metric("enqueue_failed_metric_points"), refused as f64);
    let ledger = setup.stop().await;
    assert_eq!(ledger.received, 10 - refused);
}
