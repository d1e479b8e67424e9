//! Pushes over gRPC.

use headwater_core::rpc::Code;
use headwater_core::{ConsumeError, Context, ContextParts, Metadata};
use headwater_testkit::{Answer as Said, PATIENCE, host};
use headwater_transport::Status;
use headwater_transport::config::{GrpcClientConfig, TlsClientConfig};
use headwater_transport::grpc::Message;

use super::support::{Setup, protobuf};

const PUSH: &str = r#"{"streams":[{"stream":{"app":"a"},"values":[["1","one",{"m":"v"}]]}]}"#;

async fn call(setup: &Setup, message: Vec<u8>) -> Result<bytes::Bytes, Status> {
    let mut config = GrpcClientConfig {
        tls: TlsClientConfig {
            insecure: true,
            ..TlsClientConfig::default()
        },
        ..GrpcClientConfig::default()
    };
    config.endpoint = setup.grpc().to_string();
    config.headers.insert("X-Scope-OrgID", "team".into());
    let client = config.client(&host(), "test").unwrap();
    let method = client.method("/logproto.Pusher/Push");
    let message: Message = std::iter::once(bytes::Bytes::from(message)).collect();
    let context = Context::new(ContextParts {
        metadata: Metadata::default(),
        ..ContextParts::default()
    });
    client
        .call(&method, &message, &context, Some(PATIENCE))
        .await
}

#[tokio::test]
async fn a_push_arrives_with_its_tenant() {
    let setup = Setup::new(|_| {}).await;
    assert!(call(&setup, protobuf(PUSH)).await.unwrap().is_empty());
    assert_eq!(setup.records(), [r#"{} {"app":"a","m":"v"} one 0"#]);
    let batches = setup.recorder.batches();
    assert_eq!(batches[0].context().tenant(), Some("team"));
    assert!(batches[0].context().header("x-scope-orgid").is_empty());
    setup.stop().await;
}

#[tokio::test]
async fn refusals_have_the_code_that_clients_understand() {
    let setup = Setup::new(|_| {}).await;
    let error = call(&setup, vec![0x0a, 9]).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    for (error, code) in [
        (ConsumeError::permanent("x"), Code::InvalidArgument),
        (ConsumeError::refused("x", None), Code::ResourceExhausted),
        (ConsumeError::retryable("x", None), Code::Unavailable),
    ] {
        setup.recorder.answer(Said::Fail(error));
        assert_eq!(call(&setup, protobuf(PUSH)).await.unwrap_err().code(), code);
    }
}
