//! What arrives, and how it is sent.

use std::sync::Arc;

use async_trait::async_trait;
use headwater_core::auth::{AuthError, ClientAuthenticator, ClientRequest};
use headwater_core::config::Optional;
use headwater_core::pdata::json::from_json;
use headwater_core::telemetry::Level;
use headwater_core::{Component, Context, Extension, Signal};
use headwater_exporter_otlp_http::{Config, Encoding};
use headwater_testkit::{host_with_extension, otlp};
use headwater_transport::config::{AuthConfig, CompressionType};

use crate::support::{Backend, built, config, started};

#[tokio::test]
async fn every_signal_arrives_byte_by_byte_at_its_path() {
    for signal in Signal::ALL {
        let backend = Backend::start();
        let mut setup = started(signal, config(backend.address)).await;
        let sent = [setup.send(3).await, setup.send(200).await];
        setup.stop().await;
        let received = backend.received();
        assert_eq!(received.len(), 2);
        for (sent, received) in sent.iter().zip(received) {
            assert_eq!(received.path, format!("/v1/{signal}"));
            assert_eq!(received.header("content-type"), "application/x-protobuf");
            assert!(received.body == *sent);
        }
        assert_eq!(setup.ledger().sent, 203);
        let name = format!("sent_{}", signal.items_name());
        assert_eq!(setup.metric(&name), 203.0);
    }
}

#[tokio::test]
async fn json_says_the_same() {
    for signal in Signal::ALL {
        let backend = Backend::start();
        let mut config = config(backend.address);
        config.encoding = Encoding::Json;
        config.client.compression = CompressionType::Gzip;
        let mut setup = started(signal, config).await;
        let sent = setup.send(50).await;
        setup.stop().await;
        let received = &backend.received()[0];
        assert_eq!(received.header("content-type"), "application/json");
        let read = from_json(signal, &received.body).unwrap();
        let decode = |bytes: &[u8]| otlp::Request::decode(signal, bytes).unwrap();
        assert!(decode(&read) == decode(&sent));
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_written_as_json_is_dropped() {
    let backend = Backend::start();
    let mut config = config(backend.address);
    config.encoding = Encoding::Json;
    let setup = started(Signal::Traces, config).await;
    let broken = headwater_core::Batch::new(Signal::Traces, vec![10, 200], 1);
    setup.exporter.consume(broken).await.unwrap();
    setup.stop().await;
    assert!(backend.received().is_empty());
    assert_eq!(setup.ledger().dropped["permanent_error"], 1);
}

#[tokio::test]
async fn every_compression_arrives_plain() {
    for (compression, name) in [
        (CompressionType::Gzip, "gzip"),
        (CompressionType::Zlib, "deflate"),
        (CompressionType::Deflate, "deflate"),
        (CompressionType::Zstd, "zstd"),
        (CompressionType::Snappy, "snappy"),
        (CompressionType::SnappyFramed, "x-snappy-framed"),
        (CompressionType::Lz4, "lz4"),
        (CompressionType::None, ""),
    ] {
        let backend = Backend::start();
        let mut config = config(backend.address);
        config.client.compression = compression;
        let mut setup = started(Signal::Traces, config).await;
        let mut batch = setup.request(100);
        batch.append(setup.request(3));
        let sent = batch.payload().to_contiguous();
        setup.exporter.consume(batch).await.unwrap();
        setup.stop().await;
        let received = &backend.received()[0];
        assert!(received.body == sent, "{compression:?}");
        assert_eq!(received.header("content-encoding"), name);
    }
}

#[tokio::test]
async fn endpoints_lead_to_the_urls_of_the_collector() {
    let backend = Backend::start();
    let root = format!("http://{}", backend.address);
    let other = |change: fn(&mut Config, String)| {
        let mut config = config(backend.address);
        change(&mut config, root.clone());
        config
    };
    let cases = [
        (
            other(|c, root| c.client.endpoint = format!("{root}/")),
            "/v1/traces",
        ),
        (
            other(|c, root| c.client.endpoint = format!("{root}/otlp")),
            "/otlp/v1/traces",
        ),
        (
            other(|c, root| c.client.endpoint = format!("{root}/otlp/")),
            "/otlp/v1/traces",
        ),
        (
            other(|c, root| c.traces_endpoint = format!("{root}/in/spans?a=b")),
            "/in/spans?a=b",
        ),
        (other(|c, root| c.traces_endpoint = root), "/"),
        (
            other(|c, root| {
                c.client.endpoint = String::new();
                c.traces_endpoint = format!("{root}/x");
            }),
            "/x",
        ),
    ];
    for (config, path) in cases {
        let mut setup = started(Signal::Traces, config).await;
        setup.send(1).await;
        setup.stop().await;
        assert_eq!(backend.received().pop().unwrap().path, path);
    }
}

#[tokio::test]
async fn requests_carry_user_agent_and_headers() {
    let backend = Backend::start();
    let mut setup = started(Signal::Traces, config(backend.address)).await;
    setup.send(1).await;
    setup.stop().await;
    let user_agent = backend.received()[0].header("user-agent").to_owned();
    assert!(user_agent.starts_with("Test/0.0.0 ("), "{user_agent}");

    let mut config = config(backend.address);
    config.client.headers.insert("X-Scope-OrgID", "team".into());
    config.client.headers.insert("User-Agent", "mine/1".into());
    let mut setup = started(Signal::Traces, config).await;
    setup.send(1).await;
    setup.stop().await;
    let received = &backend.received()[1];
    assert_eq!(received.header("x-scope-orgid"), "team");
    assert_eq!(received.header("user-agent"), "mine/1");
}

/// Has no credentials the first time, then signs with the tenant of the telemetry.
#[derive(Default, Clone)]
struct LateTenant(Arc<std::sync::atomic::AtomicBool>);

impl Component for LateTenant {}

impl Extension for LateTenant {
    fn client_authenticator(&self) -> Option<Arc<dyn ClientAuthenticator>> {
        Some(Arc::new(self.clone()))
    }
}

#[async_trait]
impl ClientAuthenticator for LateTenant {
    async fn authorize(&self, request: &mut ClientRequest<'_>) -> Result<(), AuthError> {
        if !self.0.swap(true, std::sync::atomic::Ordering::Relaxed) {
            return Err(AuthError::new("no token yet"));
        }
        let tenant = request.context.tenant().unwrap_or_default();
        request
            .headers
            .insert("authorization", tenant.parse().unwrap());
        Ok(())
    }
}

fn with_authenticator(backend: &Backend) -> Config {
    let mut config = config(backend.address);
    config.client.auth = Optional::Some(AuthConfig {
        authenticator: Some("oauth2client".parse().unwrap()),
    });
    config
}

#[tokio::test]
async fn an_authenticator_signs_and_is_asked_again_when_it_could_not() {
    let backend = Backend::start();
    let mut setup = built(Signal::Traces, &with_authenticator(&backend));
    let host = host_with_extension("oauth2client", Arc::new(LateTenant::default()));
    setup.exporter.start(&host).await.unwrap();
    let context = Context::default().with_tenant("blue".into());
    let batch = setup.request(1).with_context(context);
    setup.exporter.consume(batch).await.unwrap();
    setup.done().await;
    setup.stop().await;
    let received = backend.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].header("authorization"), "blue");
}

#[tokio::test]
async fn a_missing_authenticator_stops_the_start() {
    let backend = Backend::start();
    let setup = built(Signal::Traces, &with_authenticator(&backend));
    let host = headwater_testkit::host();
    let error = setup.exporter.start(&host).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    let expected = "failed to resolve authenticator \"oauth2client\": authenticator not found";
    assert!(cause.starts_with(expected), "{cause}");
    setup.stop().await;
}

#[tokio::test]
async fn counters_say_where_they_send() {
    let backend = Backend::start();
    let mut setup = started(Signal::Logs, config(backend.address)).await;
    setup.send(1).await;
    setup.stop().await;
    let families = setup.environment.telemetry.snapshot(Level::Basic);
    let sent = families
        .iter()
        .find(|family| family.instrument.name == "otelcol_exporter_sent_log_records");
    let labels = &sent.unwrap().series[0].0;
    let port = backend.address.port().to_string();
    let expected = [
        ("exporter", "otlp_http"),
        ("server.address", "127.0.0.1"),
        ("server.port", &*port),
        ("url.path", "/v1/logs"),
    ];
    let labels: Vec<_> = labels.iter().map(|(k, v)| (*k, v.as_str())).collect();
    assert_eq!(labels, expected);
}
