//! What arrives, and how it is sent.

use std::sync::Arc;

use async_trait::async_trait;
use headwater_core::auth::{AuthError, ClientAuthenticator, ClientRequest};
use headwater_core::config::Optional;
use headwater_core::pdata::Payload;
use headwater_core::telemetry::Level;
use headwater_core::{Component, Context, ContextParts, Extension, Metadata, Signal};
use headwater_exporting::QueueBatchConfig;
use headwater_transport::config::{AuthConfig, CompressionType};

use crate::support::{Backend, built, config, started};
use headwater_testkit::host_with_extension;

#[tokio::test]
async fn every_signal_arrives_byte_by_byte_at_its_method() {
    for signal in Signal::ALL {
        let backend = Backend::start();
        let mut setup = started(signal, config(backend.address)).await;
        let sent = [setup.send(3).await, setup.send(200).await];
        setup.stop().await;
        let received = backend.received();
        assert_eq!(received.len(), 2);
        for (sent, received) in sent.iter().zip(received) {
            assert_eq!(received.signal, signal);
            assert!(received.bytes == *sent);
        }
        assert_eq!(setup.ledger().sent, 203);
        let name = format!("sent_{}", signal.items_name());
        assert_eq!(setup.metric(&name), 203.0);
    }
}

#[tokio::test]
async fn every_compression_arrives_plain() {
    for (compression, name) in [
        (CompressionType::Gzip, "gzip"),
        (CompressionType::Zstd, "zstd"),
        (CompressionType::Snappy, "snappy"),
        (CompressionType::None, ""),
    ] {
        let backend = Backend::start();
        let mut config = config(backend.address);
        config.client.compression = compression;
        let mut setup = started(Signal::Traces, config).await;
        let sent = setup.send(100).await;
        setup.stop().await;
        let received = &backend.received()[0];
        assert!(received.bytes == sent, "{compression:?}");
        let encoding = received.context.header("grpc-encoding").concat();
        assert_eq!(encoding, name);
    }
}

#[tokio::test]
async fn a_request_of_several_segments_arrives_whole() {
    let backend = Backend::start();
    let mut setup = started(Signal::Logs, config(backend.address)).await;
    let mut batch = setup.request(2);
    for items in [50, 1, 1, 300] {
        batch.append(setup.request(items));
    }
    let bytes = batch.payload().to_contiguous();
    assert_eq!(batch.payload().segments().len(), 5);
    setup.exporter.consume(batch).await.unwrap();
    setup.stop().await;
    assert!(backend.received()[0].bytes == bytes);
}

#[tokio::test]
async fn requests_carry_user_agent_and_headers() {
    let backend = Backend::start();
    let mut with_headers = config(backend.address);
    with_headers
        .client
        .headers
        .insert("X-Scope-OrgID", "team".into());
    let mut setup = started(Signal::Traces, with_headers).await;
    setup.send(1).await;
    setup.stop().await;
    let context = &backend.received()[0].context;
    assert_eq!(context.header("x-scope-orgid").concat(), "team");
    let user_agent = context.header("user-agent").concat();
    assert!(user_agent.starts_with("Test/0.0.0 ("), "{user_agent}");

    let mut with_user_agent = config(backend.address);
    with_user_agent.client.user_agent = "mine/1".to_owned();
    let mut setup = started(Signal::Traces, with_user_agent).await;
    setup.send(1).await;
    setup.stop().await;
    let context = &backend.received()[1].context;
    assert_eq!(context.header("user-agent").concat(), "mine/1");
}

/// Signs with the tenant that the telemetry came with.
struct FollowTenant;

impl Component for FollowTenant {}

impl Extension for FollowTenant {
    fn client_authenticator(&self) -> Option<Arc<dyn ClientAuthenticator>> {
        Some(Arc::new(Self))
    }
}

#[async_trait]
impl ClientAuthenticator for FollowTenant {
    async fn authorize(&self, request: &mut ClientRequest<'_>) -> Result<(), AuthError> {
        let tenant = request.context.header("x-tenant").concat();
        request
            .headers
            .insert("authorization", tenant.parse().unwrap());
        Ok(())
    }
}

fn with_authenticator(backend: &Backend) -> headwater_exporter_otlp_grpc::Config {
    let mut config = config(backend.address);
    config.client.auth = Optional::Some(AuthConfig {
        authenticator: Some("headers_setter".parse().unwrap()),
    });
    config
}

#[tokio::test]
async fn an_authenticator_sees_what_the_telemetry_came_with() {
    let backend = Backend::start();
    let mut setup = built(Signal::Traces, &with_authenticator(&backend));
    let host = host_with_extension("headers_setter", Arc::new(FollowTenant));
    setup.exporter.start(&host).await.unwrap();
    let mut metadata = Metadata::default();
    metadata.append("x-tenant", "blue");
    let parts = ContextParts {
        metadata,
        ..ContextParts::default()
    };
    let batch = setup.request(1).with_context(Context::new(parts));
    setup.exporter.consume(batch).await.unwrap();
    setup.stop().await;
    let context = &backend.received()[0].context;
    assert_eq!(context.header("authorization").concat(), "blue");
}

#[tokio::test]
async fn a_missing_authenticator_stops_the_start() {
    let backend = Backend::start();
    let setup = built(Signal::Traces, &with_authenticator(&backend));
    let host = headwater_testkit::host();
    let error = setup.exporter.start(&host).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    let expected = "failed to resolve authenticator \"headers_setter\": authenticator not found";
    assert!(cause.starts_with(expected), "{cause}");
    // The graph shuts down what it could not start.
    setup.stop().await;
}

#[tokio::test]
async fn counters_say_where_they_send() {
    let backend = Backend::start();
    let mut setup = started(Signal::Traces, config(backend.address)).await;
    setup.send(1).await;
    setup.stop().await;
    let families = setup.environment.telemetry.snapshot(Level::Basic);
    let sent = families
        .iter()
        .find(|family| family.instrument.name == "otelcol_exporter_sent_spans");
    let labels = &sent.unwrap().series[0].0;
    let port = backend.address.port().to_string();
    let expected = [
        ("exporter", "otlp_grpc"),
        ("server.address", "127.0.0.1"),
        ("server.port", &*port),
        (
            "url.path",
            "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        ),
    ];
    let labels: Vec<_> = labels.iter().map(|(k, v)| (*k, v.as_str())).collect();
    assert_eq!(labels, expected);
}

#[tokio::test]
async fn merged_requests_arrive_as_one() {
    let backend = Backend::start();
    let mut config = config(backend.address);
    config.sending_queue.as_mut().unwrap().batch = Optional::Some(QueueBatchConfig {
        min_size: 10,
        max_size: 10,
        ..QueueBatchConfig::default()
    });
    let mut setup = started(Signal::Metrics, config).await;
    for items in [4, 4, 14] {
        setup.send(items).await;
    }
    setup.stop().await;
    let counted: Vec<usize> = backend
        .received()
        .into_iter()
        .map(|r| headwater_core::pdata::count_items(Signal::Metrics, &r.bytes).unwrap())
        .collect();
    assert_eq!(counted, [10, 10, 2]);
}

#[tokio::test]
async fn an_empty_request_is_sent_as_upstream_sends_it() {
    let backend = Backend::start();
    let setup = started(Signal::Traces, config(backend.address)).await;
    let empty = headwater_core::Batch::new(Signal::Traces, Payload::new(), 0);
    setup.exporter.consume(empty).await.unwrap();
    setup.stop().await;
    assert_eq!(backend.received().len(), 1);
    assert!(backend.received()[0].bytes.is_empty());
}
