//! What the exporter makes of each answer.

use std::time::Duration;

use headwater_core::Signal;
use headwater_core::config::Optional;
use headwater_core::rpc::Code;
use headwater_transport::Status;

use crate::support::{Answer, Backend, config, started};

fn fail(code: Code) -> Answer {
    Answer::Fail(Status::new(code, "no"))
}

#[tokio::test]
async fn codes_are_retried_or_dropped_as_the_specification_says() {
    let retried = [
        Code::Cancelled,
        Code::DeadlineExceeded,
        Code::Aborted,
        Code::OutOfRange,
        Code::Unavailable,
        Code::DataLoss,
    ];
    for number in 1..=16 {
        let code = Code::from_number(number);
        let backend = Backend::start();
        backend.answer([fail(code)]);
        let mut setup = started(Signal::Traces, config(backend.address)).await;
        setup.send(2).await;
        setup.done().await;
        setup.stop().await;
        let ledger = setup.ledger();
        if retried.contains(&code) {
            assert_eq!((backend.received().len(), ledger.sent), (2, 2), "{code}");
        } else {
            assert_eq!(backend.received().len(), 1, "{code}");
            assert_eq!(ledger.dropped["permanent_error"], 2, "{code}");
            assert_eq!(setup.metric("send_failed_spans"), 2.0);
        }
    }
}

#[tokio::test]
async fn exhaustion_is_retried_only_when_the_backend_says_when() {
    let backend = Backend::start();
    let wait = Duration::from_millis(300);
    let full = Status::new(Code::ResourceExhausted, "full").with_retry_delay(wait);
    backend.answer([Answer::Fail(full)]);
    let mut setup = started(Signal::Traces, config(backend.address)).await;
    setup.send(2).await;
    setup.done().await;
    setup.stop().await;
    let received = backend.received();
    assert_eq!((received.len(), setup.ledger().sent), (2, 2));
    assert!(received[1].at - received[0].at >= wait);
}

#[tokio::test]
async fn a_partial_success_is_a_success() {
    let backend = Backend::start();
    // rejected_spans: 3, error_message: "no"
    backend.answer([Answer::Say(b"\x0a\x06\x08\x03\x12\x02no")]);
    let mut setup = started(Signal::Traces, config(backend.address)).await;
    setup.send(5).await;
    setup.done().await;
    setup.stop().await;
    assert_eq!(backend.received().len(), 1);
    assert_eq!(setup.metric("sent_spans"), 5.0);
    let ledger = setup.ledger();
    assert_eq!((ledger.sent, ledger.dropped["rejected_by_backend"]), (2, 3));
}

#[tokio::test]
async fn an_empty_partial_success_is_a_full_one() {
    let backend = Backend::start();
    backend.answer([Answer::Say(b"\x0a\x00")]);
    let mut setup = started(Signal::Traces, config(backend.address)).await;
    setup.send(5).await;
    setup.done().await;
    assert_eq!(setup.ledger().sent, 5);
}

#[tokio::test]
async fn an_answer_that_is_no_otlp_is_final() {
    let backend = Backend::start();
    backend.answer([Answer::Say(b"\xff\xff")]);
    let mut setup = started(Signal::Traces, config(backend.address)).await;
    setup.send(5).await;
    setup.done().await;
    setup.stop().await;
    assert_eq!(backend.received().len(), 1);
    assert_eq!(setup.ledger().dropped["permanent_error"], 5);
}

#[tokio::test]
async fn without_a_queue_the_backends_status_reaches_the_caller() {
    let backend = Backend::start();
    let wait = Duration::from_secs(7);
    let full = Status::new(Code::ResourceExhausted, "over quota").with_retry_delay(wait);
    backend.answer([Answer::Fail(full), fail(Code::InvalidArgument)]);
    let mut config = config(backend.address);
    config.sending_queue = Optional::None;
    config.retry_on_failure.enabled = false;
    let mut setup = started(Signal::Traces, config).await;
    let batch = setup.request(1);
    let error = setup.exporter.consume(batch).await.unwrap_err();
    assert_eq!(
        (error.code(), error.after()),
        (Some(Code::ResourceExhausted), Some(wait))
    );
    let text = "rpc error: code = ResourceExhausted desc = over quota";
    assert_eq!(error.to_string(), text);
    let batch = setup.request(1);
    let error = setup.exporter.consume(batch).await.unwrap_err();
    assert_eq!(
        (error.code(), error.is_permanent()),
        (Some(Code::InvalidArgument), true)
    );
    assert_eq!(setup.ledger().received, 0);
    setup.stop().await;
}
