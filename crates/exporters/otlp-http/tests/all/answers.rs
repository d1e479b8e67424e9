//! What the exporter makes of each answer.

use std::time::{Duration, Instant};

use headwater_core::config::Optional;
use headwater_core::pdata::json::{PartialSuccess, RpcStatus};
use headwater_core::rpc::Code;
use headwater_core::{ConsumeError, ErrorKind, Signal};
use headwater_transport::http::Response;
use http::StatusCode;
use http::header::{HeaderName, LOCATION, RETRY_AFTER};

use crate::support::{Backend, config, started};
use headwater_testkit::PATIENCE;

const PROTO: &str = "application/x-protobuf";
const JSON: &str = "application/json";

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap()
}

fn with(response: Response, name: HeaderName, value: &str) -> Response {
    response.with_header(name, value.parse().unwrap())
}

/// The error with which one answer reaches a caller without queue and retry.
async fn error_of(signal: Signal, answer: Response) -> ConsumeError {
    let backend = Backend::start();
    backend.say([answer]);
    let mut config = config(backend.address);
    config.sending_queue = Optional::None;
    config.retry_on_failure.enabled = false;
    let mut setup = started(signal, config).await;
    let batch = setup.request(4);
    let error = setup.exporter.consume(batch).await.unwrap_err();
    setup.stop().await;
    assert_eq!(setup.ledger().received, 0);
    error
}

#[tokio::test]
async fn statuses_are_retried_or_dropped_as_the_specification_says() {
    for code in [
        300, 304, 400, 401, 403, 404, 405, 408, 413, 415, 429, 500, 501, 502, 503, 504, 505, 599,
    ] {
        let backend = Backend::start();
        backend.say([Response::empty(status(code))]);
        let mut setup = started(Signal::Traces, config(backend.address)).await;
        setup.send(2).await;
        setup.done().await;
        setup.stop().await;
        let ledger = setup.ledger();
        if matches!(code, 429 | 502 | 503 | 504) {
            assert_eq!((backend.received().len(), ledger.sent), (2, 2), "{code}");
        } else {
            assert_eq!(backend.received().len(), 1, "{code}");
            assert_eq!(ledger.dropped["permanent_error"], 2, "{code}");
        }
    }
}

#[tokio::test]
async fn every_2xx_is_a_success() {
    for code in [200, 202, 204, 299] {
        let backend = Backend::start();
        backend.say([Response::empty(status(code))]);
        let mut setup = started(Signal::Traces, config(backend.address)).await;
        setup.send(2).await;
        setup.stop().await;
        assert_eq!(
            (backend.received().len(), setup.ledger().sent),
            (1, 2),
            "{code}"
        );
    }
}

#[tokio::test]
async fn errors_say_where_what_and_why() {
    let refused = RpcStatus::new(Code::InvalidArgument, "bad\nspan");
    let busy = RpcStatus::new(Code::Unavailable, "busy").with_retry_delay(Duration::from_secs(3));
    let tail = |code: u16, text: &str| format!("responded with HTTP Status Code {code}{text}");
    let long = "x".repeat(300);
    let cases = [
        (
            Response::new(status(400), PROTO, refused.to_proto()),
            tail(400, ", Message=bad span, Details=[]"),
        ),
        (
            Response::new(status(503), JSON, busy.to_json()),
            tail(503, ", Message=busy, Details=[retry_delay:3s]"),
        ),
        (
            Response::text(status(404), "404 page not found\n"),
            tail(404, ", Message=404 page not found, Details=[]"),
        ),
        (
            Response::text(status(500), long.clone()),
            tail(500, &format!(", Message={}, Details=[]", &long[..200])),
        ),
        (
            Response::new(status(502), "text/html", "<h1>Bad</h1>"),
            tail(502, ""),
        ),
        (Response::new(status(400), PROTO, "garbage"), tail(400, "")),
        (Response::new(status(400), JSON, "garbage"), tail(400, "")),
        (Response::empty(status(401)), tail(401, "")),
    ];
    for (answer, tail) in cases {
        let error = error_of(Signal::Logs, answer).await;
        let text = error.to_string();
        let start = "error exporting items, request to http://127.0.0.1:";
        let text = text.trim_start_matches("not retryable error: ");
        assert!(text.starts_with(start), "{text}");
        assert!(text.ends_with(&format!("/v1/logs {tail}")), "{text}");
    }
}

#[tokio::test]
async fn errors_carry_the_code_of_the_status() {
    for (http, code) in [
        (400, Code::InvalidArgument),
        (401, Code::Unauthenticated),
        (403, Code::PermissionDenied),
        (404, Code::Unimplemented),
        (429, Code::ResourceExhausted),
        (500, Code::Unknown),
        (503, Code::Unavailable),
    ] {
        let error = error_of(Signal::Traces, Response::empty(status(http))).await;
        assert_eq!(error.code(), Some(code), "{http}");
    }
}

#[tokio::test]
async fn a_wait_counts_with_429_and_503_only() {
    let second = Some(Duration::from_secs(7));
    for (http, header, after) in [
        (429, "7", second),
        (503, "7", second),
        (502, "7", None),
        (504, "7", None),
        (503, "0", None),
        (503, "-1", None),
        (503, "soon", None),
        (503, "Sun, 06 Nov 1994 08:49:37 GMT", None),
    ] {
        let answer = with(Response::empty(status(http)), RETRY_AFTER, header);
        let error = error_of(Signal::Traces, answer).await;
        assert_eq!(
            error.kind(),
            ErrorKind::Retryable { after },
            "{http} {header}"
        );
    }
    let later = std::time::SystemTime::now() + Duration::from_secs(60);
    let date = httpdate::fmt_http_date(later);
    let answer = with(Response::empty(status(503)), RETRY_AFTER, &date);
    let after = error_of(Signal::Traces, answer).await.after().unwrap();
    assert!(after > Duration::from_secs(30), "{after:?}");
    assert!(after <= Duration::from_secs(60), "{after:?}");
}

#[tokio::test]
async fn a_wait_is_kept() {
    let backend = Backend::start();
    backend.say([with(Response::empty(status(429)), RETRY_AFTER, "1")]);
    let mut setup = started(Signal::Traces, config(backend.address)).await;
    setup.send(2).await;
    setup.done().await;
    setup.stop().await;
    let received = backend.received();
    assert_eq!((received.len(), setup.ledger().sent), (2, 2));
    assert!(received[1].at - received[0].at >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_partial_success_is_a_success_in_either_encoding() {
    let partial = PartialSuccess {
        rejected: 3,
        message: "over quota".to_owned(),
    };
    for signal in Signal::ALL {
        for answer in [
            Response::new(StatusCode::OK, PROTO, partial.to_proto()),
            Response::new(StatusCode::ACCEPTED, JSON, partial.to_json(signal)),
        ] {
            let backend = Backend::start();
            backend.say([answer]);
            let mut setup = started(signal, config(backend.address)).await;
            setup.send(5).await;
            setup.done().await;
            setup.stop().await;
            assert_eq!(backend.received().len(), 1);
            let ledger = setup.ledger();
            assert_eq!((ledger.sent, ledger.dropped["rejected_by_backend"]), (2, 3));
        }
    }
}

#[tokio::test]
async fn what_a_success_says_in_other_formats_is_left_alone() {
    for answer in [
        Response::new(StatusCode::OK, "application/json; charset=utf-8", "garbage"),
        Response::new(StatusCode::OK, "text/html", "<p>fine</p>"),
        Response::new(StatusCode::OK, PROTO, vec![10, 0]),
        Response::new(StatusCode::OK, JSON, "{\"partialSuccess\":{}}"),
        Response::new(StatusCode::OK, "text/plain", vec![b'x'; 1 << 20]),
    ] {
        let backend = Backend::start();
        backend.say([answer]);
        let mut setup = started(Signal::Traces, config(backend.address)).await;
        setup.send(5).await;
        setup.done().await;
        setup.stop().await;
        assert_eq!((backend.received().len(), setup.ledger().sent), (1, 5));
    }
}

#[tokio::test]
async fn a_success_that_cannot_be_read_is_final() {
    for (content_type, body, text) in [
        (PROTO, vec![0xff; 10], "error parsing protobuf response"),
        (JSON, b"garbage".to_vec(), "error parsing json response"),
        // Only the first 64 KiB are read.
        (JSON, vec![b'['; 1 << 20], "error parsing json response"),
    ] {
        let answer = Response::new(StatusCode::OK, content_type, body);
        let error = error_of(Signal::Traces, answer).await;
        assert!(error.is_permanent());
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[tokio::test]
async fn a_redirect_that_keeps_the_body_is_followed() {
    for code in [307, 308] {
        let backend = Backend::start();
        backend.say([with(Response::empty(status(code)), LOCATION, "/elsewhere")]);
        let mut setup = started(Signal::Traces, config(backend.address)).await;
        let sent = setup.send(2).await;
        setup.stop().await;
        let received = backend.received();
        assert_eq!((received.len(), setup.ledger().sent), (2, 2));
        assert_eq!(received[1].path, "/elsewhere");
        assert!(received[1].body == sent);
    }
}

#[tokio::test]
async fn shutdown_ends_a_long_wait() {
    let backend = Backend::start();
    backend.say([with(Response::empty(status(503)), RETRY_AFTER, "200")]);
    let mut setup = started(Signal::Traces, config(backend.address)).await;
    setup.send(2).await;
    while backend.received().is_empty() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let began = Instant::now();
    setup.stop().await;
    assert!(began.elapsed() < PATIENCE);
    assert_eq!(setup.ledger().dropped["shutdown"], 2);
}
