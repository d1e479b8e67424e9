//! What becomes of a request, by the answer.

use std::time::{Duration, Instant};

use headwater_core::{Context, ContextParts, Metadata};
use headwater_exporter_prometheus_remote_write::ProtobufMessage;
use headwater_prometheus::remote_write::Message;
use headwater_transport::http::Response;
use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER};

use crate::support::{Backend, T, batch, config, gauge, many, one, point, started, sum, written};

#[tokio::test]
async fn server_errors_are_tried_again_and_say_so() {
    for status in [500, 502, 503, 504, 429] {
        let backend = Backend::start();
        backend.say_status([status, status]);
        let setup = started(&config(backend.address)).await;
        setup.consume(one(T, 1.0)).await;
        assert_eq!(setup.done().await.sent, 1);
        let received = backend.received();
        let attempts: Vec<_> = received.iter().map(|r| r.header("retry-attempt")).collect();
        assert_eq!(attempts, ["", "1", "2"]);
        assert!(received.windows(2).all(|pair| pair[0].body == pair[1].body));
        assert_eq!(setup.metric("prometheusremotewrite_sent_batches"), 3.0);
        setup.stop().await;
    }
}

#[tokio::test]
async fn other_client_errors_are_final_and_counted() {
    for status in [400, 401, 403, 404, 405, 409, 413, 415, 422, 418] {
        for message in [ProtobufMessage::V1, ProtobufMessage::V2] {
            if (status, message) == (415, ProtobufMessage::V2) {
                continue;
            }
            let backend = Backend::start();
            backend.say_status([status]);
            let mut config = config(backend.address);
            config.protobuf_message = message;
            let setup = started(&config).await;
            setup.consume(one(T, 1.0)).await;
            let ledger = setup.done().await;
            let reason = if status == 418 {
                "http_4xx".to_owned()
            } else {
                format!("http_{status}")
            };
            assert_eq!(ledger.dropped.get(reason.as_str()), Some(&1), "{ledger:?}");
            setup.consume(one(T + 1, 1.0)).await;
            assert_eq!(setup.done().await.sent, 1);
            assert_eq!(backend.received().len(), 2);
            assert_eq!(setup.metric("send_failed_metric_points"), 1.0);
            setup.stop().await;
        }
    }
}

#[tokio::test]
async fn retry_after_is_kept() {
    for status in [
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::SERVICE_UNAVAILABLE,
    ] {
        let backend = Backend::start();
        let wait = HeaderValue::from_static("1");
        backend.say([Response::empty(status).with_header(RETRY_AFTER, wait)]);
        let setup = started(&config(backend.address)).await;
        setup.consume(one(T, 1.0)).await;
        assert_eq!(setup.done().await.sent, 1);
        let received = backend.received();
        assert!(received[1].at - received[0].at >= Duration::from_millis(990));
        setup.stop().await;
    }
}

#[tokio::test]
async fn a_backend_without_version_2_gets_version_1_from_then_on() {
    let backend = Backend::knowing_v2("127.0.0.1:0", false);
    let mut config = config(backend.address);
    config.protobuf_message = ProtobufMessage::V2;
    config.max_batch_size_bytes = 500;
    let setup = started(&config).await;
    setup.consume(many(T, 30)).await;
    assert_eq!(setup.done().await.sent, 30);
    let first = backend.received();
    let count = |message| first.iter().filter(|r| r.message() == message).count();
    assert!(count(Message::V2) >= 1 && count(Message::V1) > 1);
    let series = |message: Message| {
        let of = first.iter().filter(|r| r.message() == message);
        of.map(|r| r.series().len()).sum::<usize>()
    };
    assert_eq!(series(Message::V1), 30);
    setup.consume(many(T + 1, 30)).await;
    setup.consume(one(T + 2, 1.0)).await;
    assert_eq!(setup.stop().await.sent, 61);
    let later = &backend.received()[first.len()..];
    assert!(!later.is_empty());
    for request in later {
        assert_eq!(request.message(), Message::V1);
        assert_eq!(request.header("x-prometheus-remote-write-version"), "0.1.0");
        assert_eq!(request.header("content-type"), "application/x-protobuf");
    }
}

#[tokio::test]
async fn what_a_backend_of_version_2_has_not_written_is_lost_and_counted() {
    for (answer, sent, reason) in [
        // It does not know 2.0: everything is lost, and 2xx is no reason to fall back.
        (Response::empty(StatusCode::NO_CONTENT), 0, "not_written"),
        (written(StatusCode::OK, [2, 0, 0]), 2, "not_written"),
        (written(StatusCode::BAD_REQUEST, [3, 0, 0]), 3, "http_400"),
    ] {
        let backend = Backend::start();
        backend.say([answer]);
        let mut config = config(backend.address);
        config.protobuf_message = ProtobufMessage::V2;
        let setup = started(&config).await;
        setup.consume(many(T, 4)).await;
        let ledger = setup.done().await;
        assert_eq!((ledger.sent, ledger.dropped[reason]), (sent, 4 - sent));
        setup.consume(many(T + 1, 4)).await;
        assert_eq!(setup.stop().await.sent, sent + 4);
        let received = backend.received();
        assert_eq!(received.len(), 2);
        assert_eq!(received[1].message(), Message::V2);
        assert_eq!(
            setup.metric("prometheusremotewrite_written_samples"),
            sent as f64 + 4.0
        );
    }
}

#[tokio::test]
async fn hope_ends_after_max_elapsed_time() {
    let backend = Backend::start();
    backend.say_status([500; 1000]);
    let mut config = config(backend.address);
    config.retry_on_failure.max_elapsed_time = Duration::from_millis(50);
    let setup = started(&config).await;
    setup.consume(one(T, 1.0)).await;
    let ledger = setup.done().await;
    assert_eq!(ledger.dropped["retry_exhausted"], 1);
    assert!(backend.received().len() > 1);
    setup.stop().await;
    config.retry_on_failure.enabled = false;
    let setup = started(&config).await;
    setup.consume(one(T, 1.0)).await;
    assert_eq!(setup.done().await.dropped["retry_disabled"], 1);
    setup.stop().await;
}

#[tokio::test]
async fn a_shutdown_tries_once_and_does_not_wait() {
    let backend = Backend::start();
    backend.say_status([503; 1000]);
    let mut config = config(backend.address);
    config.retry_on_failure.initial_interval = Duration::from_secs(100);
    config.retry_on_failure.max_interval = Duration::from_secs(100);
    let setup = started(&config).await;
    setup.consume(one(T, 1.0)).await;
    backend.wait_for(1).await;
    setup.consume(one(T + 1, 1.0)).await;
    let before = Instant::now();
    let ledger = setup.stop().await;
    assert!(before.elapsed() < Duration::from_secs(20));
    assert_eq!(ledger.dropped["shutdown"], 2);
    assert_eq!(backend.received().len(), 2);
}

#[tokio::test]
async fn a_backend_that_is_down_is_tried_until_it_is_back() {
    let address = Backend::start().address;
    // Gone: its port is free again.
    tokio::time::sleep(Duration::from_millis(20)).await;
    let setup = started(&config(address)).await;
    setup.consume(one(T, 1.0)).await;
    setup.consume(one(T + 1, 2.0)).await;
    tokio::time::sleep(Duration::from_millis(30)).await;
    let backend = Backend::knowing_v2(&address.to_string(), true);
    assert_eq!(setup.done().await.sent, 2);
    let received = backend.received();
    let samples = received.iter().flat_map(|r| r.series().into_values());
    let samples: Vec<_> = samples.flatten().collect();
    assert_eq!(samples, [(T as i64, 1.0), (T as i64 + 1, 2.0)]);
    setup.stop().await;
}

#[tokio::test]
async fn a_sender_without_queue_learns_how_it_ended() {
    let backend = Backend::start();
    backend.say_status([400]);
    let mut config = config(backend.address);
    config.remote_write_queue.enabled = false;
    let setup = started(&config).await;
    let error = setup.exporter.consume(one(T, 1.0)).await.unwrap_err();
    assert!(error.is_permanent() && error.chain().contains("HTTP status 400"));
    setup.exporter.consume(one(T, 1.0)).await.unwrap();
    let ledger = setup.stop().await;
    assert_eq!((ledger.received, ledger.sent), (1, 1));
}

#[tokio::test]
async fn delta_values_are_dropped_with_their_reason_and_the_rest_arrives() {
    let backend = Backend::start();
    let setup = started(&config(backend.address)).await;
    let points = |n: usize| {
        (0..n)
            .map(|n| point(T, 1.0, &[("n", &n.to_string())]))
            .collect()
    };
    let metrics = vec![
        sum("d", 1, points(3)),
        sum("c", 2, points(2)),
        gauge("g", points(1)),
    ];
    setup.consume(batch(6, metrics)).await;
    let ledger = setup.stop().await;
    assert_eq!((ledger.sent, ledger.dropped["delta_temporality"]), (3, 3));
    assert_eq!(
        setup.metric("prometheusremotewrite_failed_translations"),
        1.0
    );
    assert_eq!(
        setup.metric("prometheusremotewrite_translated_time_series"),
        3.0
    );
}

#[tokio::test]
async fn headers_of_the_client_go_out_as_they_came() {
    let backend = Backend::start();
    let mut config = config(backend.address);
    config.include_metadata_keys = vec!["X-Scope-OrgID".to_owned(), "x-none".to_owned()];
    let setup = started(&config).await;
    for (at, values) in [
        (0, &["a"][..]),
        (1, &["b", "c"]),
        (2, &["b", "c"]),
        (3, &[]),
    ] {
        let mut metadata = Metadata::default();
        metadata.append("x-other", "lost");
        for value in values {
            metadata.append("x-scope-orgid", value);
        }
        let client = Context::new(ContextParts {
            metadata,
            ..ContextParts::default()
        });
        setup.consume(one(T + at, 1.0).with_context(client)).await;
    }
    setup.stop().await;
    let received = backend.received();
    let all: Vec<Vec<&str>> = received
        .iter()
        .map(|request| {
            assert!(!request.headers.contains_key("x-other"));
            let values = request.headers.get_all("x-scope-orgid").iter();
            values.map(|value| value.to_str().unwrap()).collect()
        })
        .collect();
    // What has the same goes together.
    assert_eq!(all, [vec!["a"], vec!["b", "c"], vec![]]);
}

#[tokio::test]
async fn the_tenant_goes_out_in_its_header() {
    let backend = Backend::start();
    let mut config = config(backend.address);
    config.tenant_header = "X-Scope-OrgID".to_owned();
    let setup = started(&config).await;
    let mut metadata = Metadata::default();
    metadata.append("x-scope-orgid", "from-client");
    let client = Context::new(ContextParts {
        metadata,
        ..ContextParts::default()
    });
    setup.consume(one(T, 1.0)).await;
    setup
        .consume(one(T + 1, 1.0).with_context(client.clone()))
        .await;
    setup
        .consume(one(T + 2, 1.0).with_context(client.with_tenant("derived".into())))
        .await;
    setup.stop().await;
    let tenants: Vec<_> = backend
        .received()
        .iter()
        .map(|r| r.header("x-scope-orgid").to_owned())
        .collect();
    assert_eq!(tenants, ["", "from-client", "derived"]);
}
