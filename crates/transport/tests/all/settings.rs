//! Settings as users write them, and what is built from them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use headwater_config::testing::decode;
use headwater_core::auth::{AuthError, ClientAuthenticator, ClientRequest, ServerAuthenticator};
use headwater_core::config::{Config, Optional};
use headwater_core::{Component, Extension, Identity};
use headwater_transport::config::{
    AuthConfig, CompressionType, GrpcClientConfig, GrpcServerConfig, HttpAuthConfig,
    HttpClientConfig, HttpServerConfig,
};
use headwater_transport::grpc::{Balancer, Message, ServerOptions};
use headwater_transport::{Serving, listen};
use http::HeaderMap;

use crate::http::Echo;
use crate::support::*;

fn ok<T: Config + Default>(yaml: &str) -> T {
    let (value, warnings) = decode::<T>(yaml).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(warnings, "");
    value
}

fn refused<T: Config + Default>(yaml: &str) -> String {
    decode::<T>(yaml).map(drop).unwrap_err()
}

#[test]
fn every_key_of_a_grpc_server_is_read() {
    let config: GrpcServerConfig = ok("\
endpoint: 0.0.0.0:4317
transport: tcp4
max_recv_msg_size_mib: 16
max_concurrent_streams: 100
include_metadata: true
keepalive:
  server_parameters:
    max_connection_idle: 11s
    max_connection_age: 12s
    max_connection_age_grace: 13s
    time: 14s
    timeout: 15s
  enforcement_policy:
    min_time: 16s
    permit_without_stream: true
auth:
  authenticator: basicauth/server
");
    let options = config.options();
    assert_eq!(config.address.transport, listen::Transport::Tcp4);
    assert_eq!(
        (options.max_message, options.max_concurrent_streams),
        (16 << 20, 100)
    );
    assert_eq!(options.max_connection_idle, Some(Duration::from_secs(11)));
    assert_eq!(options.max_connection_age, Some(Duration::from_secs(12)));
    assert_eq!(
        options.max_connection_age_grace,
        Some(Duration::from_secs(13))
    );
    assert_eq!(
        (
            options.keepalive_time.as_secs(),
            options.keepalive_timeout.as_secs()
        ),
        (14, 15)
    );
    assert_eq!(
        (options.ping_min_time.as_secs(), options.ping_without_stream),
        (16, true)
    );
    let defaults = ok::<GrpcServerConfig>("{endpoint: 'x:1', keepalive: {enforcement_policy: {}}}");
    let defaults = defaults.options();
    assert_eq!(
        (
            defaults.ping_min_time.as_secs(),
            defaults.ping_without_stream
        ),
        (300, false)
    );
    assert!(options.include_metadata);
    let id = config
        .auth
        .as_ref()
        .and_then(|auth| auth.authenticator.clone())
        .unwrap();
    assert_eq!(id.to_string(), "basicauth/server");
}

#[test]
fn go_only_keys_are_accepted_with_a_note_at_most() {
    let (_, warnings) = decode::<GrpcServerConfig>(
        "\
endpoint: localhost:4317
read_buffer_size: 524288
write_buffer_size: 1024
dialer: {timeout: 1s}
",
    )
    .unwrap();
    assert_eq!(warnings, "");
    let (_, warnings) = decode::<HttpClientConfig>(
        "\
endpoint: http://localhost:4318
read_buffer_size: 1
write_buffer_size: 1
max_idle_conns: 7
force_attempt_http2: false
http2_read_idle_timeout: 10s
",
    )
    .unwrap();
    assert_eq!(warnings, "");
}

#[test]
fn every_key_of_a_grpc_client_is_read() {
    let config: GrpcClientConfig = ok("\
endpoint: dns:///gateway:4317
compression: zstd
compression_params: {level: 5}
tls: {insecure: true}
keepalive: {time: 20s, permit_without_stream: true}
wait_for_ready: true
headers: {x-scope-orgid: tenant-a}
balancer_name: pick_first
authority: other
user_agent: me/1
");
    assert_eq!(
        (config.compression, config.balancer_name),
        (CompressionType::Zstd, Balancer::PickFirst)
    );
    let keepalive = config.keepalive.as_ref().unwrap();
    assert_eq!(
        (keepalive.time.as_secs(), keepalive.timeout.as_secs()),
        (20, 10)
    );
    assert!(config.client(&host(Vec::new()), "x").is_ok());
}

#[test]
fn http_server_defaults_are_the_collectors() {
    let config: HttpServerConfig = ok("endpoint: localhost:4318");
    let options = config.options().unwrap();
    assert_eq!(options.max_body, 20 << 20);
    assert_eq!(options.read_timeout, None);
    assert_eq!(options.read_header_timeout, Some(Duration::from_secs(60)));
    assert_eq!(options.write_timeout, Some(Duration::from_secs(30)));
    assert_eq!(options.idle_timeout, Some(Duration::from_secs(60)));
    let all: HttpServerConfig = ok(
        "{endpoint: 'localhost:1', compression_algorithms: ['', gzip, zstd, zlib, snappy, deflate, lz4, x-snappy-framed]}",
    );
    assert_eq!(all.options().unwrap().encodings, options.encodings);
}

#[test]
fn mistakes_are_all_reported_with_what_to_write() {
    let text = refused::<GrpcServerConfig>("{transport: udp, max_concurent_streams: 1}");
    for expected in ["tcp4", "did you mean `max_concurrent_streams`"] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let text = refused::<GrpcServerConfig>("{endpoint: '', max_recv_msg_size_mib: 5000}");
    for expected in ["requires a non-empty", "between 0 and 4095"] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let text = refused::<GrpcClientConfig>(
        "{endpoint: gateway, compression: deflate, headers: {'bad name': x}}",
    );
    for expected in ["invalid port", "gzip, snappy, zstd or none", "bad name"] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let text = refused::<HttpClientConfig>(
        "{endpoint: 'localhost:4318', compression: gzip, compression_params: {level: 10}, proxy_url: 'ftp://user:secret@x'}",
    );
    for expected in ["http://", "unsupported compression level 10", "proxy_url"] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(
        !text
            .lines()
            .any(|line| line.contains("secret") && line.starts_with("error")),
        "{text}"
    );
    let text = refused::<GrpcClientConfig>("{endpoint: 'a:1', balancer_name: magic}");
    assert!(text.contains("round_robin, pick_first"), "{text}");
    let text = refused::<HttpServerConfig>("{endpoint: x, compression_algorithms: [br]}");
    assert!(text.contains("`br` is not one of"), "{text}");
    let text = refused::<HttpServerConfig>("{endpoint: x, tls: {cert_file: a}}");
    assert!(text.contains("key is missing"), "{text}");
    let text = refused::<GrpcClientConfig>(
        "{endpoint: 'a:1', tls: {ca_file: a, ca_pem: b, min_version: '1.3', max_version: '1.2', cipher_suites: [X], curve_preferences: [Y]}}",
    );
    for expected in [
        "not both",
        "min_version cannot be greater",
        "unknown cipher suite",
        "unknown curve",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

/// Knows who says the password, and says it.
struct Password;

impl Component for Password {}

impl Extension for Password {
    fn server_authenticator(&self) -> Option<Arc<dyn ServerAuthenticator>> {
        Some(Arc::new(Self))
    }

    fn client_authenticator(&self) -> Option<Arc<dyn ClientAuthenticator>> {
        Some(Arc::new(Self))
    }
}

#[async_trait]
impl ServerAuthenticator for Password {
    async fn authenticate(&self, headers: &HeaderMap) -> Result<Identity, AuthError> {
        match headers.get("password").map(|value| value.as_bytes()) {
            Some(b"open sesame") => Ok(Identity {
                attributes: vec![("subject".into(), "ali".into())],
            }),
            _ => Err(AuthError::new("say the password")),
        }
    }
}

#[async_trait]
impl ClientAuthenticator for Password {
    async fn authorize(&self, request: &mut ClientRequest<'_>) -> Result<(), AuthError> {
        assert!(request.body.ends_with(b"spans"));
        request
            .headers
            .insert("password", "open sesame".parse().unwrap());
        Ok(())
    }

    fn needs_body(&self) -> bool {
        true
    }
}

/// Takes its time, as those do that ask somebody else.
struct Slow;

impl Component for Slow {}

impl Extension for Slow {
    fn server_authenticator(&self) -> Option<Arc<dyn ServerAuthenticator>> {
        Some(Arc::new(Self))
    }
}

#[async_trait]
impl ServerAuthenticator for Slow {
    async fn authenticate(&self, headers: &HeaderMap) -> Result<Identity, AuthError> {
        tokio::time::sleep(Duration::from_millis(50)).await;
        Password.authenticate(headers).await
    }
}

#[tokio::test]
async fn messages_wait_for_an_authenticator_that_takes_its_time() {
    let host = host(vec![
        ("slow", Arc::new(Slow)),
        ("password", Arc::new(Password)),
    ]);
    let handler = Handler::default();
    let config = GrpcServerConfig {
        auth: auth("slow"),
        max_recv_msg_size_mib: 16,
        ..GrpcServerConfig::new("127.0.0.1:0")
    };
    let server = config
        .server(&host, METHODS.to_vec(), handler.clone())
        .unwrap();
    let server = serve_with(server, listener());
    let mut config = GrpcClientConfig::insecure(server.address.to_string());
    config.auth = auth("password");
    let client = config.client(&host, "x").unwrap();
    // One fits the window of a request, the other does not.
    let long = [&vec![7; 3 << 20][..], b"spans"].concat();
    let longer = [&vec![7; 10 << 20][..], b"spans"].concat();
    for text in [&b"spans"[..], &long] {
        assert_eq!(call(&client, ECHO, text).await.unwrap(), text);
    }
    let status = call(&client, ECHO, &longer).await.unwrap_err();
    assert!(
        status.message().starts_with("the answer is larger"),
        "{status}"
    );
    config.auth = Optional::None;
    let stranger = config.client(&host, "x").unwrap();
    for text in [&b""[..], &long] {
        let status = call(&stranger, ECHO, text).await.unwrap_err();
        assert_eq!(status.message(), "say the password");
    }
    let hurried = call(&stranger, ECHO, &long);
    assert!(
        tokio::time::timeout(Duration::from_millis(20), hurried)
            .await
            .is_err()
    );
    assert_eq!((handler.called(), handler.budget.held()), (3, 0));
}

#[test]
fn middlewares_are_accepted_and_said_to_do_nothing() {
    let warned = |warnings: String| assert!(warnings.contains("have no effect"), "{warnings}");
    let yaml = "{endpoint: 'http://localhost:1', middlewares: [{id: limiter/a}]}";
    warned(decode::<HttpClientConfig>(yaml).unwrap().1);
    warned(decode::<HttpServerConfig>(yaml).unwrap().1);
    warned(decode::<GrpcClientConfig>(yaml).unwrap().1);
    warned(decode::<GrpcServerConfig>(yaml).unwrap().1);
}

/// Has no credentials to give, for now.
struct Down;

impl Component for Down {}

impl Extension for Down {
    fn client_authenticator(&self) -> Option<Arc<dyn ClientAuthenticator>> {
        Some(Arc::new(Self))
    }
}

#[async_trait]
impl ClientAuthenticator for Down {
    async fn authorize(&self, _: &mut ClientRequest<'_>) -> Result<(), AuthError> {
        Err(AuthError::new("the token endpoint is down"))
    }
}

#[tokio::test]
async fn an_authenticator_that_fails_is_named_and_the_request_may_be_retried() {
    let host = host(vec![("oauth2client/a", Arc::new(Down))]);
    let server = serve(Handler::default(), ServerOptions::default());
    let mut config = GrpcClientConfig::insecure(server.address.to_string());
    config.auth = auth("oauth2client/a");
    let status = call(&config.client(&host, "x").unwrap(), ECHO, b"x")
        .await
        .unwrap_err();
    let url = format!("http://{}", server.address);
    let mut config = HttpClientConfig::new(&url);
    config.auth = auth("oauth2client/a");
    let client = config.client(&host, "x").unwrap();
    let url = headwater_transport::http::parse_url("endpoint", &url).unwrap();
    let content_type = http::HeaderValue::from_static("text/plain");
    let message = Message::from(Bytes::from_static(b"x"));
    let context = headwater_core::Context::default();
    let answer = client.post(&url, content_type, message, &context).await;
    for status in [status, answer.unwrap_err()] {
        assert_eq!(status.code(), headwater_core::rpc::Code::Unavailable);
        assert!(status.is_retryable());
        for part in ["extension \"oauth2client/a\"", "the token endpoint is down"] {
            assert!(status.message().contains(part), "{status}");
        }
    }
}

/// Authenticates nobody.
struct Nothing;

impl Component for Nothing {}
impl Extension for Nothing {}

fn auth(id: &str) -> Optional<AuthConfig> {
    Optional::Some(AuthConfig {
        authenticator: Some(id.parse().unwrap()),
    })
}

#[tokio::test]
async fn authenticators_guard_servers_and_sign_for_clients() {
    let host = host(vec![
        ("password", Arc::new(Password)),
        ("nothing", Arc::new(Nothing)),
    ]);
    let handler = Handler::default();
    let config = GrpcServerConfig {
        auth: auth("password"),
        ..GrpcServerConfig::new("127.0.0.1:0")
    };
    let server = config
        .server(&host, METHODS.to_vec(), handler.clone())
        .unwrap();
    let serving = Serving::start(&host, config.bind(host.workers()).unwrap(), &server).unwrap();
    let endpoint = serving.local_addr().to_string();
    let mut config = GrpcClientConfig::insecure(endpoint);
    let status = call(&config.client(&host, "x").unwrap(), ECHO, b"spans")
        .await
        .unwrap_err();
    assert_eq!(status.code(), headwater_core::rpc::Code::Unauthenticated);
    assert_eq!(
        (status.message(), handler.called()),
        ("say the password", 0)
    );
    config.auth = auth("password");
    call(&config.client(&host, "x").unwrap(), ECHO, b"spans")
        .await
        .unwrap();
    let context = handler.contexts.lock().unwrap()[0].clone();
    assert_eq!(
        context
            .identity()
            .and_then(|identity| identity.get("subject")),
        Some("ali")
    );
    serving.shutdown(std::time::Instant::now() + PATIENCE).await;

    for (id, reason) in [
        ("absent", "not found"),
        ("nothing", "is not a client authenticator"),
    ] {
        config.auth = auth(id);
        let error = config.client(&host, "x").unwrap_err().to_string();
        assert!(
            error.contains(&format!("failed to resolve authenticator {id:?}")),
            "{error}"
        );
        assert!(error.contains(reason), "{error}");
    }
}

#[tokio::test]
async fn http_servers_answer_401_and_take_credentials_from_the_query() {
    let host = host(vec![("password", Arc::new(Password))]);
    let handler = Echo::default();
    let config = HttpServerConfig {
        auth: Optional::Some(HttpAuthConfig {
            auth: AuthConfig {
                authenticator: Some("password".parse().unwrap()),
            },
            request_params: vec!["password".to_owned()],
        }),
        ..HttpServerConfig::new("127.0.0.1:0")
    };
    let server = config.server(&host, handler.clone()).unwrap();
    let serving = Serving::start(&host, config.bind(1).unwrap(), &server).unwrap();
    let address = serving.local_addr().tcp().unwrap();
    let post = |target: &str, headers: &str| {
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n{headers}\r\n"
        );
        async move { raw(address, head.as_bytes()).await }
    };
    let answer = post("/echo", "").await;
    assert!(
        answer.starts_with("HTTP/1.1 401") && answer.ends_with("say the password"),
        "{answer}"
    );
    assert!(
        post("/echo", "Password: open sesame\r\n")
            .await
            .starts_with("HTTP/1.1 200")
    );
    assert!(
        post("/echo?password=open%20sesame", "Password: wrong\r\n")
            .await
            .starts_with("HTTP/1.1 200")
    );
    assert!(
        post("/echo?password=wrong", "Password: open sesame\r\n")
            .await
            .starts_with("HTTP/1.1 401")
    );
    serving.shutdown(std::time::Instant::now() + PATIENCE).await;
}

#[tokio::test]
async fn what_hangs_at_shutdown_is_cut_off_at_the_deadline() {
    let host = host(Vec::new());
    let handler = Handler::default();
    let config = GrpcServerConfig::new("127.0.0.1:0");
    let server = config
        .server(&host, METHODS.to_vec(), handler.clone())
        .unwrap();
    let serving = Serving::start(&host, config.bind(1).unwrap(), &server).unwrap();
    let client = client(serving.local_addr().tcp().unwrap());
    let hanging = tokio::spawn(async move { call(&client, HANG, b"x").await });
    eventually("the request is in hand", || handler.hanging() == 1).await;
    let deadline = std::time::Instant::now() + Duration::from_millis(50);
    within("the server ends", serving.shutdown(deadline)).await;
    assert_eq!(handler.hanging(), 0);
    assert!(within("an answer", hanging).await.unwrap().is_err());
}
