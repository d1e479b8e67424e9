//! What is sent again, when, and what becomes of the rest.

use std::time::Duration;

use headwater_core::ConsumeError;
use headwater_core::rpc::Code;
use headwater_core::status::Status;
use headwater_core::telemetry::Level;
use headwater_exporting::RetryConfig;
use headwater_testkit::host;

use crate::support::{Answer, Logs, Setup, no_retry, permanent, queue, unavailable};

fn seconds(seconds: &[f64]) -> Vec<Duration> {
    seconds
        .iter()
        .map(|s| Duration::from_secs_f64(*s))
        .collect()
}

fn for_ever() -> RetryConfig {
    RetryConfig {
        max_elapsed_time: Duration::ZERO,
        ..RetryConfig::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_request_is_sent_again_until_it_arrives() {
    let (logs, _guard) = Logs::record();
    let mut setup = Setup::new(Some(queue(10)), RetryConfig::default()).await;
    let failures = || Answer::Fail(unavailable());
    setup.backend.answer([failures(), failures(), failures()]);
    setup.send(2).await.unwrap();
    setup.backend.wait_for_calls(4).await;
    setup.settle().await;
    assert_eq!(setup.backend.times(), seconds(&[0.0, 5.0, 12.5, 23.75]));
    assert_eq!(setup.metric("sent_spans"), 2.0);
    assert_eq!(setup.metric("send_failed_spans"), 0.0);
    setup.assert_delivered();
    let line = |interval| {
        format!(
            "INFO Exporting failed. Will retry the request after interval. \
             error=backend is down interval={interval}"
        )
    };
    assert_eq!(logs.lines(), [line("5s"), line("7.5s"), line("11.25s")]);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_the_backend_asks_for_is_kept_when_it_is_longer() {
    let mut setup = Setup::new(Some(queue(10)), RetryConfig::default()).await;
    let wait = |s| ConsumeError::retryable("slow down", Some(Duration::from_secs(s)));
    setup
        .backend
        .answer([Answer::Fail(wait(20)), Answer::Fail(wait(1))]);
    setup.send(1).await.unwrap();
    setup.backend.wait_for_calls(3).await;
    assert_eq!(setup.backend.times(), seconds(&[0.0, 20.0, 27.5]));
    setup.settle().await;
    setup.assert_delivered();
}

#[tokio::test(start_paused = true)]
async fn permanent_errors_are_not_tried_again() {
    let (logs, _guard) = Logs::record();
    let mut setup = Setup::new(Some(queue(10)), for_ever()).await;
    setup
        .backend
        .answer([Answer::Fail(unavailable()), Answer::Fail(permanent())]);
    setup.send(3).await.unwrap();
    setup.backend.wait_for_calls(2).await;
    setup.settle().await;
    assert_eq!(setup.backend.calls(), 2);
    assert_eq!(setup.ledger().dropped["permanent_error"], 3);
    assert_eq!(setup.metric("send_failed_spans"), 3.0);
    assert_eq!(setup.metric("sent_spans"), 0.0);
    setup.assert_empty();
    let line = "ERROR Exporting failed. Dropping data. \
                error=\"not retryable error: bad data\" dropped_items=3";
    assert_eq!(logs.lines()[1], line);
}

#[tokio::test(start_paused = true)]
async fn the_budget_ends_the_attempts_before_it_is_exceeded() {
    let (logs, _guard) = Logs::record();
    let retry = RetryConfig {
        max_elapsed_time: Duration::from_secs(30),
        ..RetryConfig::default()
    };
    let mut setup = Setup::new(Some(queue(10)), retry).await;
    setup.backend.always_fail(unavailable);
    setup.send(3).await.unwrap();
    tokio::time::sleep(Duration::from_secs(300)).await;
    // The next would come at 40.6 s.
    assert_eq!(setup.backend.times(), seconds(&[0.0, 5.0, 12.5, 23.75]));
    assert_eq!(setup.ledger().dropped["retry_exhausted"], 3);
    setup.assert_empty();
    let last = logs.lines().pop().unwrap();
    let line = "ERROR Exporting failed. Dropping data. \
                error=\"no more retries left: backend is down\" dropped_items=3";
    assert_eq!(last, line);
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_budget_is_not_begun() {
    let mut setup = Setup::new(Some(queue(10)), RetryConfig::default()).await;
    let wait = Some(Duration::from_secs(301));
    setup
        .backend
        .answer([Answer::Fail(ConsumeError::retryable("later", wait))]);
    setup.send(3).await.unwrap();
    setup.settle().await;
    assert_eq!(setup.backend.calls(), 1);
    assert_eq!(setup.ledger().dropped["retry_exhausted"], 3);
    setup.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn without_a_budget_attempts_go_on_for_ever() {
    let mut setup = Setup::new(Some(queue(10)), for_ever()).await;
    setup.backend.always_fail(unavailable);
    setup.send(1).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(setup.backend.calls() > 115, "{}", setup.backend.calls());
    assert_eq!(
        (setup.ledger().held, setup.status()),
        (1, Status::RecoverableError)
    );
    setup.backend.recover();
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert_eq!(setup.status(), Status::Ok);
    setup.assert_delivered();
}

#[tokio::test(start_paused = true)]
async fn disabled_retry_makes_the_first_error_final() {
    let mut setup = Setup::new(Some(queue(10)), no_retry()).await;
    setup.backend.answer([Answer::Fail(unavailable())]);
    setup.send(4).await.unwrap();
    setup.settle().await;
    assert_eq!(setup.backend.calls(), 1);
    assert_eq!(setup.ledger().dropped["retry_disabled"], 4);
    setup.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn only_what_was_not_delivered_is_sent_again() {
    let mut setup = Setup::new(Some(queue(10)), RetryConfig::default()).await;
    setup.backend.answer([
        Answer::TakeSome(3, unavailable()),
        Answer::TakeSome(2, unavailable()),
    ]);
    setup.send(10).await.unwrap();
    setup.backend.wait_for_calls(3).await;
    setup.settle().await;
    assert_eq!(setup.backend.offered(), [10, 7, 5]);
    assert_eq!(setup.backend.items(), [3, 2, 5]);
    assert_eq!(
        (setup.ledger().sent, setup.metric("sent_spans")),
        (10, 10.0)
    );
    setup.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn what_was_delivered_before_giving_up_counts_as_sent() {
    let mut setup = Setup::new(Some(queue(10)), no_retry()).await;
    setup.backend.answer([Answer::TakeSome(3, permanent())]);
    setup.send(10).await.unwrap();
    setup.settle().await;
    let ledger = setup.ledger();
    assert_eq!((ledger.sent, ledger.dropped["permanent_error"]), (3, 7));
    assert_eq!(setup.metric("send_failed_spans"), 7.0);
    setup.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn a_caller_without_queue_gets_back_what_was_not_delivered() {
    let mut setup = Setup::new(None, no_retry()).await;
    setup.backend.answer([Answer::TakeSome(3, unavailable())]);
    let mut error = setup.send(10).await.unwrap_err();
    assert_eq!(error.take_undelivered().unwrap().items(), 7);
    assert_eq!((setup.ledger().received, setup.ledger().sent), (3, 3));
    drop(error);
    setup.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn an_attempt_ends_with_its_timeout_and_the_next_begins() {
    let (logs, _guard) = Logs::record();
    let compose = |exporting: headwater_exporting::Exporting| {
        let retry = RetryConfig::default();
        exporting.retry(&retry).timeout(Duration::from_secs(3))
    };
    let mut setup = Setup::with(Some(queue(10)), compose, host()).await;
    setup.backend.answer([Answer::Hang]);
    setup.send(1).await.unwrap();
    setup.backend.wait_for_calls(2).await;
    setup.settle().await;
    assert_eq!(setup.backend.times(), seconds(&[0.0, 8.0]));
    setup.assert_delivered();
    assert!(
        logs.lines()[0].contains("error=no answer within 3s"),
        "{:?}",
        logs.lines()
    );
}

#[tokio::test(start_paused = true)]
async fn a_partial_success_is_logged_and_nothing_of_it_is_sent_again() {
    let (logs, _guard) = Logs::record();
    let mut setup = Setup::new(Some(queue(10)), RetryConfig::default()).await;
    setup.backend.answer([
        Answer::Partial(4, "over quota"),
        Answer::Partial(0, "old version"),
    ]);
    setup.send(10).await.unwrap();
    setup.send(1).await.unwrap();
    setup.settle().await;
    assert_eq!(setup.backend.calls(), 2);
    assert_eq!(setup.metric("sent_spans"), 11.0);
    let ledger = setup.ledger();
    assert_eq!((ledger.sent, ledger.dropped["rejected_by_backend"]), (7, 4));
    setup.assert_empty();
    let line = |message, dropped| {
        format!(
            "WARN Partial success response response_message=\"{message}\" dropped_spans={dropped}"
        )
    };
    assert_eq!(
        logs.lines(),
        [line("over quota", 4), line("old version", 0)]
    );
}

#[tokio::test(start_paused = true)]
async fn the_status_follows_the_backend_and_not_the_data() {
    let mut setup = Setup::new(None, no_retry()).await;
    setup.backend.answer([
        Answer::Fail(permanent()),
        Answer::Fail(permanent().with_code(Code::Unauthenticated)),
        Answer::Fail(permanent()),
    ]);
    setup.send(1).await.unwrap_err();
    assert_eq!(setup.status(), Status::Starting);
    setup.send(1).await.unwrap_err();
    assert_eq!(setup.status(), Status::RecoverableError);
    setup.send(1).await.unwrap_err();
    assert_eq!(setup.status(), Status::RecoverableError);
    setup.send(1).await.unwrap();
    assert_eq!(setup.status(), Status::Ok);
}

#[tokio::test(start_paused = true)]
async fn failures_are_counted_by_what_went_wrong() {
    let mut setup = Setup::new(Some(queue(10)), no_retry()).await;
    setup.backend.answer([
        Answer::Fail(permanent().with_code(Code::InvalidArgument)),
        Answer::Fail(unavailable().with_code(Code::Unavailable)),
        Answer::Fail(unavailable()),
    ]);
    for items in [1, 2, 4] {
        setup.send(items).await.unwrap();
    }
    setup.settle().await;
    assert_eq!(setup.metric("send_failed_spans"), 7.0);
    let families = setup.environment.telemetry.snapshot(Level::Detailed);
    let failed = families
        .iter()
        .find(|family| family.instrument.name == "otelcol_exporter_send_failed_spans");
    let series: Vec<String> = failed
        .unwrap()
        .series
        .iter()
        .map(|(labels, value)| format!("{:?} {value:?}", &labels[1..]))
        .collect();
    let expected = |kind, permanent, value| {
        format!("[(\"error.type\", \"{kind}\"), (\"error.permanent\", \"{permanent}\")] {value}")
    };
    assert_eq!(
        series,
        [
            "[] Number(0.0)".to_owned(),
            expected("InvalidArgument", true, "Number(1.0)"),
            expected("Unavailable", false, "Number(2.0)"),
            expected("_OTHER", false, "Number(4.0)"),
        ]
    );
}
