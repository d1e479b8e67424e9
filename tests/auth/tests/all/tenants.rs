//! Tenants from the sender to the backend, and what they are told at their limits.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use auth_tests::{Extensions, Hub, PATIENCE, PROTOCOLS, Protocol, Sender, batch};
use headwater_config::testing::decode;
use headwater_core::rpc::Code;
use headwater_core::{
    Batch, BufferingProcessor, BuiltProcessor, ConsumeError, Consumer, Context, ContextParts,
    Metadata, Processor,
};
use headwater_credentials::basic;
use headwater_testkit::{Recorder, environment, host};

/// The processor in front of a consumer, as a pipeline fuses them.
struct Pipeline {
    processor: Arc<dyn Processor>,
    next: Arc<dyn Consumer>,
}

#[async_trait]
impl Consumer for Pipeline {
    async fn consume(&self, batch: Batch) -> Result<(), ConsumeError> {
        match self.processor.process(batch)? {
            Some(batch) => self.next.consume(batch).await,
            None => Ok(()),
        }
    }
}

fn pipeline(keys: &str, next: Arc<dyn Consumer>) -> Arc<Pipeline> {
    let (config, _) = decode::<headwater_processor_tenant::Config>(keys).unwrap();
    let (id, pipeline) = ("tenant".parse().unwrap(), "traces".parse().unwrap());
    let settings = environment().pipeline_settings(&id, &pipeline);
    let built = headwater_processor_tenant::factory()
        .build_processor(settings, &config, Arc::clone(&next))
        .unwrap();
    let BuiltProcessor::Inline(processor) = built else {
        panic!("no resource is a source")
    };
    Arc::new(Pipeline { processor, next })
}

async fn batching(next: Arc<dyn Consumer>) -> Arc<dyn BufferingProcessor> {
    let keys = "{timeout: 20ms, send_batch_size: 1000}";
    let (config, _) = decode::<headwater_processor_batch::Config>(keys).unwrap();
    let (id, pipeline) = ("batch".parse().unwrap(), "traces".parse().unwrap());
    let settings = environment().pipeline_settings(&id, &pipeline);
    let built = headwater_processor_batch::factory()
        .build_processor(settings, &config, next)
        .unwrap();
    let BuiltProcessor::Buffering(processor) = built else {
        panic!("batch holds data")
    };
    processor.start(&host()).await.unwrap();
    processor
}

const USERS: &str = "htpasswd: {inline: \"ali:open sesame\\ncara:open barley\"}";

#[tokio::test]
async fn who_authenticated_is_the_tenant_behind_batches_and_queues_whatever_headers_say() {
    for protocol in PROTOCOLS {
        let extensions = Extensions::new()
            .with("basicauth/server", USERS)
            .with(
                "basicauth/ali",
                "client_auth: {username: ali, password: open sesame}",
            )
            .with(
                "basicauth/cara",
                "client_auth: {username: cara, password: open barley}",
            )
            .with(
                "headers_setter",
                "headers: [{key: X-Scope-OrgID, from_tenant: true}]",
            );
        let host = extensions.host().await;
        let backend = Hub::start(&host, "include_metadata: true").await;
        // A queue that batches, too.
        let keys = "auth: {authenticator: headers_setter}, sending_queue: {batch: {flush_timeout: 20ms, min_size: 1000, sizer: items}}";
        let out = Sender::start(&host, protocol, &backend, keys).await;
        let batching = batching(out.exporter()).await;
        let from = "from: [{identity: username}, {header: X-Scope-OrgID}]";
        let first = pipeline(from, Arc::clone(&batching) as _);
        let keys = "include_metadata: true, auth: {authenticator: basicauth/server}";
        let hub = Hub::start_in_front_of(&host, keys, first).await;
        for user in ["ali", "cara"] {
            let keys = format!(
                "auth: {{authenticator: basicauth/{user}}}, headers: {{X-Scope-OrgID: victim}}"
            );
            let sender = Sender::start(&host, protocol, &hub, &keys).await;
            for _ in 0..5 {
                sender.send(2, Context::default()).await.unwrap();
            }
            sender.stop().await;
        }
        hub.stop().await;
        batching.shutdown(Instant::now() + PATIENCE).await.unwrap();
        out.stop().await;
        let mut seen = [("ali", 0), ("cara", 0)];
        for batch in backend.recorder.batches() {
            let tenant = batch.context().header("x-scope-orgid").concat();
            let (_, items) = seen.iter_mut().find(|(name, _)| **name == *tenant).unwrap();
            *items += batch.items();
        }
        assert_eq!(seen, [("ali", 10), ("cara", 10)]);
        backend.stop().await;
    }
}

#[tokio::test]
async fn a_tenant_over_its_limit_gets_429_or_resource_exhausted_and_when_to_come_back() {
    let recorder = Recorder::new();
    // One request in a hundred seconds.
    let limited =
        "{from: [{identity: username}], limits: {requests_per_second: 0.01, request_burst: 1}}";
    let first = pipeline(limited, Arc::new(recorder.clone()));
    let extensions = Extensions::new().with("basicauth/server", USERS).with(
        "basicauth/ali",
        "client_auth: {username: ali, password: open sesame}",
    );
    let host = extensions.host().await;
    let hub = Hub::start_in_front_of(&host, "auth: {authenticator: basicauth/server}", first).await;
    let body = batch(1).payload().to_contiguous();
    let ali = format!("Authorization: {}\r\n", basic("ali", "open sesame"));
    assert_eq!(hub.post(&ali, &body).await.0, 200);
    let (status, head) = hub.post(&ali, &body).await;
    assert_eq!(status, 429);
    assert!(
        head.contains("retry-after: 100") || head.contains("retry-after: 99"),
        "{head}"
    );
    let sender = Sender::start(
        &host,
        Protocol::Grpc,
        &hub,
        "auth: {authenticator: basicauth/ali}",
    )
    .await;
    let error = sender.send(1, Context::default()).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::ResourceExhausted));
    assert!(
        error.after().unwrap() > Duration::from_secs(90),
        "{error:?}"
    );
    assert!(
        error
            .to_string()
            .contains("tenant \"ali\" is over its limit"),
        "{error}"
    );
    sender.stop().await;
    let cara = format!("Authorization: {}\r\n", basic("cara", "open barley"));
    assert_eq!(hub.post(&cara, &body).await.0, 200);
    assert_eq!(recorder.calls(), 2);
    hub.stop().await;
}

#[tokio::test]
async fn a_request_that_belongs_to_nobody_is_400_and_one_of_a_stranger_403() {
    let recorder = Recorder::new();
    let keys = "{from: [{header: X-Scope-OrgID}], allowed: [team-a]}";
    let host = host();
    for (server, word) in [
        ("include_metadata: true", ""),
        ("", "include_metadata: true"),
    ] {
        let first = pipeline(keys, Arc::new(recorder.clone()));
        let hub = Hub::start_in_front_of(&host, server, first).await;
        let body = batch(1).payload().to_contiguous();
        assert_eq!(hub.post("", &body).await.0, 400);
        let stranger = if word.is_empty() { 403 } else { 400 };
        assert_eq!(hub.post("X-Scope-OrgID: b\r\n", &body).await.0, stranger);
        let sender = Sender::start(&host, Protocol::Grpc, &hub, "").await;
        let error = sender.send(1, Context::default()).await.unwrap_err();
        assert_eq!(error.code(), Some(Code::InvalidArgument));
        assert!(error.to_string().contains(word), "{error}");
        sender.stop().await;
        hub.stop().await;
    }
    assert_eq!(recorder.calls(), 0);
    let mut metadata = Metadata::default();
    metadata.append("x-scope-orgid", "team-a");
    let context = Context::new(ContextParts {
        metadata,
        ..ContextParts::default()
    });
    let first = pipeline(keys, Arc::new(recorder.clone()));
    first.consume(batch(1).with_context(context)).await.unwrap();
}
