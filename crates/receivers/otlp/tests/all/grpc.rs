//! OTLP/gRPC.

use std::time::Duration;

use headwater_core::bytes::Bytes;
use headwater_core::rpc::Code;
use headwater_core::{ConsumeError, Context, Signal};
use headwater_testkit::{Answer, metric};
use headwater_transport::Status;
use headwater_transport::grpc::{Client, ClientOptions, Message};

use crate::setup::{Setup, request};

const PATHS: [&str; 3] = [
    "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
];

async fn send(setup: &Setup, signal: Signal, body: Bytes) -> Result<Bytes, Status> {
    let client = Client::new(ClientOptions::plaintext(
        setup.grpc().to_string().parse().unwrap(),
    ));
    let method = client.method(PATHS[signal.index()]);
    let message: Message = std::iter::once(body).collect();
    client
        .call(
            &method,
            &message,
            &Context::default(),
            Some(Duration::from_secs(5)),
        )
        .await
}

#[tokio::test]
async fn every_signal_arrives_as_the_bytes_that_were_sent() {
    let setup = Setup::all_signals().await;
    for signal in Signal::ALL {
        let body = request(signal, 7);
        let answer = send(&setup, signal, body.clone()).await.unwrap();
        assert_eq!(
            &answer[..],
            [0x0a, 0x00],
            "a partial success that is there and empty"
        );
        let batch = setup.recorder.batches().pop().unwrap();
        assert_eq!((batch.signal(), batch.items()), (signal, 7));
        assert_eq!(batch.payload().to_contiguous(), body);
        assert!(batch.context().peer().is_some());
    }
    for name in ["spans", "metric_points", "log_records"] {
        let name = format!("otelcol_receiver_accepted_{name}");
        assert_eq!(metric(&setup.environment, &name), 7.0);
    }
    setup.stop().await;
}

#[tokio::test]
async fn an_empty_request_is_a_success_that_no_pipeline_sees() {
    let setup = Setup::all_signals().await;
    send(&setup, Signal::Traces, Bytes::new()).await.unwrap();
    assert_eq!(setup.recorder.calls(), 0);
    setup.stop().await;
}

#[tokio::test]
async fn a_signal_without_pipeline_is_unimplemented() {
    let setup = Setup::new(&[Signal::Logs], "", usize::MAX).await;
    let status = send(&setup, Signal::Traces, request(Signal::Traces, 1))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    setup.stop().await;
}

#[tokio::test]
async fn bytes_that_are_no_otlp_are_refused_with_the_reason() {
    let setup = Setup::all_signals().await;
    let mut body = request(Signal::Traces, 2).to_vec();
    body.truncate(body.len() - 3);
    let status = send(&setup, Signal::Traces, body.into()).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(
        status.message(),
        "request is not valid OTLP: message is truncated"
    );
    setup.stop().await;
}

#[tokio::test]
async fn what_the_pipeline_answers_reaches_the_client() {
    let setup = Setup::all_signals().await;
    let after = Some(Duration::from_secs(3));
    let table = [
        (ConsumeError::permanent("no"), Code::Internal, None),
        (
            ConsumeError::retryable("later", None),
            Code::Unavailable,
            None,
        ),
        (
            ConsumeError::refused("queue is full", after),
            Code::ResourceExhausted,
            after,
        ),
        (
            ConsumeError::permanent("no").with_code(Code::PermissionDenied),
            Code::PermissionDenied,
            None,
        ),
    ];
    for (error, code, delay) in table {
        setup.recorder.answer(Answer::Fail(error));
        let status = send(&setup, Signal::Logs, request(Signal::Logs, 2))
            .await
            .unwrap_err();
        assert_eq!((status.code(), status.retry_delay()), (code, delay));
    }
    assert_eq!(
        metric(&setup.environment, "otelcol_receiver_refused_log_records"),
        8.0
    );
    assert_eq!(
        metric(&setup.environment, "otelcol_receiver_accepted_log_records"),
        0.0
    );
    setup.stop().await;
}

#[tokio::test]
async fn a_full_budget_refuses_before_the_body_is_read_and_says_when_to_come_back() {
    let setup = Setup::new(&Signal::ALL, "", 1000).await;
    let held = setup.environment.budget.charge(1000);
    let status = send(&setup, Signal::Traces, request(Signal::Traces, 2))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.retry_delay().is_some());
    assert_eq!(setup.recorder.calls(), 0);
    drop(held);
    send(&setup, Signal::Traces, request(Signal::Traces, 1))
        .await
        .unwrap();
    setup.stop().await;
}
