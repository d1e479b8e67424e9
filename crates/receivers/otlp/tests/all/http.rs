//! OTLP/HTTP, written to the socket byte by byte.

use std::time::Duration;

use headwater_core::{ConsumeError, Signal};
use headwater_testkit::{Answer, HttpAnswer, http_request, metric};

use crate::setup::{Setup, request};

const PROTOBUF: &str = "Content-Type: application/x-protobuf\r\n";
const JSON: &str = "Content-Type: application/json\r\n";

async fn send(setup: &Setup, line: &str, headers: &str, body: &[u8]) -> HttpAnswer {
    http_request(setup.http(), line, headers, body).await
}

#[tokio::test]
async fn protobuf_and_json_arrive_as_the_same_telemetry() {
    let setup = Setup::all_signals().await;
    for signal in Signal::ALL {
        let line = format!("POST /v1/{signal}");
        let body = request(signal, 3);
        let answer = send(&setup, &line, PROTOBUF, &body).await;
        assert_eq!((answer.status, &answer.body[..]), (200, &[0x0a, 0x00][..]));
        assert!(answer.head.contains("content-type: application/x-protobuf"));
        let mut json = Vec::new();
        let payload = headwater_core::pdata::Payload::from(body);
        headwater_core::pdata::json::to_json(signal, &payload, &mut json).unwrap();
        let answer = send(&setup, &line, JSON, &json).await;
        assert_eq!(
            (answer.status, &answer.body[..]),
            (200, &b"{\"partialSuccess\":{}}"[..])
        );
        let batches = setup.recorder.batches();
        let [.., first, second] = &batches[..] else {
            panic!("two batches")
        };
        let texts = [first, second].map(|batch| {
            let mut text = Vec::new();
            headwater_core::pdata::json::to_json(signal, batch.payload(), &mut text).unwrap();
            text
        });
        assert_eq!(texts[0], texts[1]);
        assert_eq!((first.items(), second.items()), (3, 3));
    }
    assert_eq!(
        metric(&setup.environment, "otelcol_receiver_accepted_spans"),
        6.0
    );
    setup.stop().await;
}

#[tokio::test]
async fn wrong_paths_methods_and_types_get_upstreams_answers() {
    let setup = Setup::new(&[Signal::Traces], "", usize::MAX).await;
    let table = [
        ("POST /v1/logs", PROTOBUF, 404, "404 page not found"),
        ("POST /v1/traces/", PROTOBUF, 404, "404 page not found"),
        (
            "GET /v1/traces",
            PROTOBUF,
            405,
            "405 method not allowed, supported: [POST]",
        ),
        (
            "POST /v1/traces",
            "Content-Type: application/protobuf\r\n",
            415,
            "415 unsupported media type, supported: [application/json, application/x-protobuf]",
        ),
        (
            "POST /v1/traces",
            "",
            415,
            "415 unsupported media type, supported: [application/json, application/x-protobuf]",
        ),
    ];
    for (line, headers, status, text) in table {
        let answer = send(&setup, line, headers, b"").await;
        assert_eq!(answer.status, status, "{line} {headers}");
        assert_eq!(String::from_utf8(answer.body).unwrap(), text);
    }
    setup.stop().await;
}

#[tokio::test]
async fn bodies_that_are_no_otlp_are_400_with_a_status_in_the_encoding_of_the_request() {
    let setup = Setup::all_signals().await;
    let answer = send(&setup, "POST /v1/traces", JSON, b"{\"resourceSpans\": [").await;
    assert_eq!(answer.status, 400);
    let text = String::from_utf8(answer.body).unwrap();
    assert!(
        text.starts_with("{\"code\":3,\"message\":\"request is not valid OTLP/JSON"),
        "{text}"
    );
    let answer = send(&setup, "POST /v1/traces", PROTOBUF, &[0x0a, 0xff]).await;
    assert_eq!((answer.status, &answer.body[..2]), (400, &[0x08, 3][..]));
    let encoding = format!("{PROTOBUF}Content-Encoding: br\r\n");
    assert_eq!(
        send(&setup, "POST /v1/traces", &encoding, b"x")
            .await
            .status,
        400
    );
    setup.stop().await;
}

#[tokio::test]
async fn empty_bodies_are_a_success_in_protobuf_and_an_error_in_json() {
    let setup = Setup::all_signals().await;
    assert_eq!(
        send(&setup, "POST /v1/logs", PROTOBUF, b"").await.status,
        200
    );
    assert_eq!(send(&setup, "POST /v1/logs", JSON, b"").await.status, 400);
    assert_eq!(send(&setup, "POST /v1/logs", JSON, b"{}").await.status, 200);
    assert_eq!(
        send(&setup, "POST /v1/logs", JSON, b"null").await.status,
        200
    );
    assert_eq!(setup.recorder.calls(), 0);
    setup.stop().await;
}

#[tokio::test]
async fn backpressure_is_429_with_retry_after_and_failures_keep_their_class() {
    let setup = Setup::all_signals().await;
    let after = Some(Duration::from_secs(3));
    let table = [
        (
            ConsumeError::refused("queue is full", after),
            429,
            "retry-after: 3",
        ),
        (ConsumeError::retryable("later", None), 503, ""),
        (ConsumeError::permanent("no"), 500, ""),
    ];
    for (error, status, header) in table {
        setup.recorder.answer(Answer::Fail(error));
        let body = request(Signal::Metrics, 2);
        let answer = send(&setup, "POST /v1/metrics", PROTOBUF, &body).await;
        assert_eq!(answer.status, status);
        assert!(answer.head.contains(header), "{}", answer.head);
    }
    setup.stop().await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_400_and_a_full_budget_429() {
    let setup = Setup::new(&Signal::ALL, ", max_request_body_size: 500", 10_000).await;
    let body = request(Signal::Traces, 5);
    assert!(body.len() > 500);
    assert_eq!(
        send(&setup, "POST /v1/traces", PROTOBUF, &body)
            .await
            .status,
        400
    );
    let held = setup.environment.budget.charge(10_000);
    let answer = send(&setup, "POST /v1/traces", PROTOBUF, &[0x0a, 0x00]).await;
    assert_eq!(answer.status, 429);
    drop(held);
    assert_eq!(setup.recorder.calls(), 0);
    setup.stop().await;
}
