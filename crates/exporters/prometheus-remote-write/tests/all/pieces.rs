//! Requests that are refused as a whole, and what arrives of them.

use std::collections::BTreeMap;

use headwater_core::Batch;
use headwater_exporter_prometheus_remote_write::ProtobufMessage;
use headwater_transport::http::Response;
use http::StatusCode;

use crate::support::{Backend, Received, T, batch, config, gauge, many, point, started, written};

const MESSAGES: [ProtobufMessage; 2] = [ProtobufMessage::V1, ProtobufMessage::V2];

/// Like [`many`], with one value that the backend does not take.
fn with_a_bad_value(at: u64, series: usize) -> Batch {
    let points = (0..series)
        .map(|n| {
            let value = if n == 1 { -1.0 } else { n as f64 };
            point(at, value, &[("n", &n.to_string())])
        })
        .collect();
    batch(series, vec![gauge("m", points)])
}

fn is_bad(received: &Received) -> bool {
    let values = received.series().into_values().flatten();
    values.map(|(_, value)| value).any(|value| value < 0.0)
}

/// Answers requests with a bad value.
fn refuse(backend: &Backend, status: u16) {
    let status = StatusCode::from_u16(status).unwrap();
    backend.judge(move |received| is_bad(received).then(|| Response::empty(status)));
}

/// The samples of each series in the requests without a bad value, in the order in which they came.
fn taken(backend: &Backend) -> BTreeMap<String, Vec<i64>> {
    let mut all: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for request in backend.received().iter().filter(|request| !is_bad(request)) {
        for (labels, samples) in request.series() {
            let times = samples.into_iter().map(|(at, _)| at - T as i64);
            all.entry(labels).or_default().extend(times);
        }
    }
    all
}

#[tokio::test]
async fn only_the_part_that_holds_a_bad_sample_is_lost() {
    for message in MESSAGES {
        for status in [400, 409, 422] {
            let backend = Backend::start();
            refuse(&backend, status);
            let mut config = config(backend.address);
            config.protobuf_message = message;
            let setup = started(&config).await;
            for at in 0..20 {
                let bad = at == 7 || at == 12;
                let make = if bad { with_a_bad_value } else { many };
                setup.consume(make(T + at, 3)).await;
            }
            let ledger = setup.stop().await;
            assert_eq!((ledger.received, ledger.sent), (60, 54), "{ledger:?}");
            let reason = format!("http_{status}");
            assert_eq!(ledger.dropped.get(reason.as_str()), Some(&6));
            // The merged requests, and their parts.
            let received = backend.received();
            let refused = received.iter().filter(|r| is_bad(r)).count();
            assert!((3..=4).contains(&refused), "{refused}");
            assert!(received.len() <= 20 + refused, "{}", received.len());
            let expected: Vec<i64> = (0..20).filter(|at| ![7, 12].contains(at)).collect();
            let taken = taken(&backend);
            assert_eq!(taken.len(), 3);
            assert!(taken.values().all(|times| *times == expected), "{taken:?}");
        }
    }
}

#[tokio::test]
async fn order_holds_when_parts_have_to_be_tried_again() {
    let backend = Backend::start();
    refuse(&backend, 400);
    // The first, the merged one, and its parts: two of them fail at first.
    backend.say_status([204, 400, 204, 503, 503, 204, 429]);
    let setup = started(&config(backend.address)).await;
    setup.consume(many(T, 2)).await;
    backend.wait_for(1).await;
    for at in 1..8 {
        let make = if at == 6 { with_a_bad_value } else { many };
        setup.consume(make(T + at, 2)).await;
    }
    let ledger = setup.done().await;
    assert_eq!((ledger.sent, ledger.dropped["http_400"]), (14, 2));
    let parts = &backend.received()[2..];
    let times: Vec<i64> = parts
        .iter()
        .map(|request| request.series().values().next().unwrap()[0].0 - T as i64)
        .collect();
    assert_eq!(times, [1, 2, 2, 2, 3, 3, 4, 5, 6, 7]);
    setup.stop().await;
}

#[tokio::test]
async fn only_the_request_that_is_refused_is_sent_in_parts() {
    let backend = Backend::start();
    refuse(&backend, 400);
    let mut config = config(backend.address);
    config.max_batch_size_bytes = 500;
    let setup = started(&config).await;
    setup.consume(many(T, 30)).await;
    backend.wait_for(2).await;
    setup.consume(many(T + 1, 30)).await;
    setup.consume(with_a_bad_value(T + 2, 30)).await;
    // The same times once more: those of before are duplicates, also the bad one.
    setup.consume(many(T + 3, 30)).await;
    setup.consume(many(T + 3, 30)).await;
    let ledger = setup.stop().await;
    assert_eq!(ledger.dropped["duplicate_timestamp"], 30, "{ledger:?}");
    // As many points as the second part has in the request with the bad one.
    let lost = ledger.dropped["http_400"];
    assert!(lost > 1 && lost < 30, "{lost}");
    assert_eq!(ledger.sent, 150 - 30 - lost);
    let samples: usize = taken(&backend).values().map(Vec::len).sum();
    assert_eq!(samples as u64, ledger.sent, "each sample arrives once");
}

#[tokio::test]
async fn what_is_not_about_the_content_is_not_sent_in_parts() {
    for status in [401, 403, 404, 405, 407, 415] {
        let backend = Backend::start();
        let setup = started(&config(backend.address)).await;
        setup.consume(many(T, 1)).await;
        backend.wait_for(1).await;
        backend.say_status([status]);
        for at in 1..5 {
            setup.consume(many(T + at, 1)).await;
        }
        assert_eq!(setup.stop().await.sent, 1);
        assert_eq!(backend.received().len(), 2);
    }
}

#[tokio::test]
async fn what_a_backend_of_version_2_has_written_in_part_is_not_sent_again() {
    for (wrote, requests) in [(3, 2), (0, 6)] {
        let backend = Backend::start();
        let mut config = config(backend.address);
        config.protobuf_message = ProtobufMessage::V2;
        let setup = started(&config).await;
        setup.consume(many(T, 1)).await;
        backend.wait_for(1).await;
        backend.say([written(StatusCode::BAD_REQUEST, [wrote, 0, 0])]);
        for at in 1..5 {
            setup.consume(many(T + at, 1)).await;
        }
        let ledger = setup.stop().await;
        let lost = if wrote > 0 { 4 - wrote as u64 } else { 0 };
        assert_eq!(ledger.sent, 5 - lost, "{ledger:?}");
        assert_eq!(ledger.dropped.get("http_400").copied().unwrap_or(0), lost);
        assert_eq!(backend.received().len(), requests);
    }
}

#[tokio::test]
async fn a_request_that_is_too_large_is_halved_until_it_fits() {
    for message in MESSAGES {
        let backend = Backend::start();
        backend.judge(|received| {
            (received.series().len() > 20).then(|| Response::empty(StatusCode::PAYLOAD_TOO_LARGE))
        });
        let mut config = config(backend.address);
        config.protobuf_message = message;
        let setup = started(&config).await;
        setup.consume(many(T, 100)).await;
        let ledger = setup.stop().await;
        assert_eq!(ledger.sent, 100, "{ledger:?}");
        let received = backend.received();
        assert_eq!(received.len(), 15);
        let fits = |r: &&Received| r.series().len() <= 20;
        let series = received.iter().filter(fits).map(|r| r.series().len());
        assert_eq!(series.sum::<usize>(), 100);
    }
}

#[tokio::test]
async fn a_backend_that_takes_no_size_gets_a_bounded_number_of_requests() {
    let backend = Backend::start();
    backend.judge(|_| Some(Response::empty(StatusCode::PAYLOAD_TOO_LARGE)));
    let setup = started(&config(backend.address)).await;
    setup.consume(many(T, 1000)).await;
    let ledger = setup.stop().await;
    assert_eq!((ledger.sent, ledger.dropped["http_413"]), (0, 1000));
    assert_eq!(backend.received().len(), 129);
}

#[tokio::test]
async fn halves_that_are_refused_are_sent_in_parts() {
    let backend = Backend::start();
    backend.judge(|received| {
        let status = if received.series().len() > 2 {
            StatusCode::PAYLOAD_TOO_LARGE
        } else if is_bad(received) {
            StatusCode::BAD_REQUEST
        } else {
            return None;
        };
        Some(Response::empty(status))
    });
    let setup = started(&config(backend.address)).await;
    setup.consume(many(T, 1)).await;
    backend.wait_for(1).await;
    for at in 1..4 {
        let make = if at == 2 { with_a_bad_value } else { many };
        setup.consume(make(T + at, 4)).await;
    }
    let ledger = setup.stop().await;
    // The half of the part in which the bad value stands.
    assert_eq!((ledger.sent, ledger.dropped["http_400"]), (11, 2));
}
