//! What a gRPC client does when its server is down, slow, odd or several.

use std::time::Duration;

use bytes::Bytes;
use headwater_core::Context;
use headwater_core::rpc::Code;
use headwater_transport::Status;
use headwater_transport::grpc::{Balancer, Client, ClientOptions, Message, Server, ServerOptions};
use tokio::net::TcpListener;

use crate::support::*;

fn options(target: &str) -> ClientOptions {
    ClientOptions::plaintext(target.parse().unwrap())
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

#[tokio::test]
async fn a_server_that_is_down_is_named_and_found_when_it_comes_up() {
    let endpoint = format!("127.0.0.1:{}", free_port());
    let client = Client::new(options(&endpoint));
    let status = call(&client, ECHO, b"x").await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().contains(&endpoint), "{status}");
    assert!(status.is_retryable());
    let server = Server::new(
        METHODS.to_vec(),
        Handler::default(),
        ServerOptions::default(),
    );
    let _server = serve_with(server, listener_on(&endpoint));
    within("the client reconnects", async {
        while call(&client, ECHO, b"x").await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn wait_for_ready_waits_for_the_server_and_for_no_longer_than_the_timeout() {
    let endpoint = format!("127.0.0.1:{}", free_port());
    let mut waiting = options(&endpoint);
    waiting.wait_for_ready = true;
    let client = Client::new(waiting);
    let (method, message) = (client.method(ECHO), Message::from(Bytes::from_static(b"x")));
    let short = Some(Duration::from_millis(50));
    let status = client
        .call(&method, &message, &Context::default(), short)
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    let answer = tokio::spawn(async move { call(&client, ECHO, b"x").await });
    let server = Server::new(
        METHODS.to_vec(),
        Handler::default(),
        ServerOptions::default(),
    );
    let _server = serve_with(server, listener_on(&endpoint));
    assert_eq!(within("an answer", answer).await.unwrap().unwrap(), "x");
}

#[tokio::test]
async fn a_slow_server_ends_in_deadline_exceeded_and_the_request_is_reset() {
    let handler = Handler::default();
    let server = serve(handler.clone(), ServerOptions::default());
    let client = client(server.address);
    let (method, message) = (client.method(HANG), Message::from(Bytes::from_static(b"x")));
    let timeout = Some(Duration::from_millis(100));
    let status = client
        .call(&method, &message, &Context::default(), timeout)
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    eventually("the handler is dropped", || handler.hanging() == 0).await;
}

#[tokio::test]
async fn a_server_restart_costs_at_most_errors_that_may_be_retried() {
    let endpoint = format!("127.0.0.1:{}", free_port());
    let start = || {
        let server = Server::new(
            METHODS.to_vec(),
            Handler::default(),
            ServerOptions::default(),
        );
        serve_with(server, listener_on(&endpoint))
    };
    let first = start();
    let client = Client::new(options(&endpoint));
    call(&client, ECHO, b"x").await.unwrap();
    first.task.abort();
    drop(first.task.await);
    let _second = start();
    within("the client reconnects", async {
        while let Err(status) = call(&client, ECHO, b"x").await {
            assert!(status.is_retryable(), "{status}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn round_robin_uses_every_address_and_pick_first_one() {
    let handlers = [Handler::default(), Handler::default()];
    let servers = [
        serve(handlers[0].clone(), ServerOptions::default()),
        serve(handlers[1].clone(), ServerOptions::default()),
    ];
    let target = format!("ipv4:{},{}", servers[0].address, servers[1].address);
    let both = Client::new(options(&target));
    within("both are used", async {
        while handlers.iter().any(|handler| handler.called() == 0) {
            call(&both, ECHO, b"x").await.unwrap();
        }
    })
    .await;
    let before: Vec<_> = handlers.iter().map(Handler::called).collect();
    let mut first = options(&target);
    first.balancer = Balancer::PickFirst;
    let first = Client::new(first);
    for _ in 0..10 {
        call(&first, ECHO, b"x").await.unwrap();
    }
    let after: Vec<_> = handlers.iter().map(Handler::called).collect();
    assert_eq!((after[0] - before[0], after[1] - before[1]), (10, 0));
}

#[tokio::test]
async fn an_address_that_is_down_does_not_stop_the_others() {
    let server = serve(Handler::default(), ServerOptions::default());
    for balancer in [Balancer::RoundRobin, Balancer::PickFirst] {
        let target = format!("ipv4:127.0.0.1:{},{}", free_port(), server.address);
        let mut options = options(&target);
        options.balancer = balancer;
        let client = Client::new(options);
        for _ in 0..5 {
            call(&client, ECHO, b"x").await.unwrap();
        }
    }
}

/// What a call to a server of this kind ends with.
async fn status_from(address: std::net::SocketAddr) -> Status {
    call(&client(address), ECHO, b"x").await.unwrap_err()
}

#[tokio::test]
async fn servers_that_are_no_grpc_servers_are_told_apart_from_broken_ones() {
    let http = answering(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await;
    let status = status_from(http).await;
    assert_eq!(status.code(), Code::Unavailable);
    assert!(
        status.message().contains("does not speak HTTP/2"),
        "{status}"
    );
    let closing = answering(b"").await;
    assert!(
        status_from(closing)
            .await
            .message()
            .contains("closed the connection")
    );
    let rubbish = answering(&[7; 500]).await;
    assert_eq!(status_from(rubbish).await.code(), Code::Unavailable);
}

/// An HTTP/2 server that answers every request as `answer` does.
async fn http2(
    answer: impl Fn(h2::server::SendResponse<Bytes>) + Clone + Send + 'static,
) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((_request, respond))) = connection.accept().await {
                    answer(respond);
                }
            });
        }
    });
    address
}

pub(crate) fn head(status: u16, headers: &[(&'static str, &'static str)]) -> http::Response<()> {
    let mut response = http::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(()).unwrap()
}

#[tokio::test]
async fn odd_answers_become_the_codes_of_the_grpc_protocol() {
    let grpc = ("content-type", "application/grpc");
    let trailers_of = |status: &'static str| {
        let mut trailers = http::HeaderMap::new();
        trailers.insert("grpc-status", status.parse().unwrap());
        trailers
    };
    let gateway = http2(move |mut respond| {
        respond
            .send_response(head(503, &[("content-type", "text/html")]), true)
            .unwrap();
    })
    .await;
    assert_eq!(status_from(gateway).await.code(), Code::Unavailable);
    let page = http2(move |mut respond| {
        respond
            .send_response(head(200, &[("content-type", "text/html")]), true)
            .unwrap();
    })
    .await;
    assert_eq!(status_from(page).await.code(), Code::Unknown);
    let no_trailers = http2(move |mut respond| {
        let mut stream = respond.send_response(head(200, &[grpc]), false).unwrap();
        stream.send_data(Bytes::from_static(&[0; 5]), true).unwrap();
    })
    .await;
    assert_eq!(status_from(no_trailers).await.code(), Code::Internal);
    let unknown_code = http2(move |mut respond| {
        respond
            .send_response(head(200, &[grpc, ("grpc-status", "99")]), true)
            .unwrap();
    })
    .await;
    assert_eq!(status_from(unknown_code).await.code(), Code::Unknown);
    let half_a_message = http2(move |mut respond| {
        let mut stream = respond.send_response(head(200, &[grpc]), false).unwrap();
        stream
            .send_data(Bytes::from_static(&[0, 0, 0, 0, 9, 1]), false)
            .unwrap();
        stream.send_trailers(trailers_of("0")).unwrap();
    })
    .await;
    assert_eq!(status_from(half_a_message).await.code(), Code::Internal);
    let too_much = http2(move |mut respond| {
        let mut stream = respond.send_response(head(200, &[grpc]), false).unwrap();
        stream.send_data(vec![0; 5 << 20].into(), true).unwrap();
    })
    .await;
    assert_eq!(status_from(too_much).await.code(), Code::ResourceExhausted);
    let refusing =
        http2(move |mut respond| respond.send_reset(h2::Reason::ENHANCE_YOUR_CALM)).await;
    assert_eq!(status_from(refusing).await.code(), Code::ResourceExhausted);
}

#[tokio::test]
async fn a_refused_stream_is_sent_again_once() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    let seen = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&seen);
    let server = http2(move |mut respond| {
        if counter.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) {
            respond.send_reset(h2::Reason::REFUSED_STREAM);
            return;
        }
        let grpc = [("content-type", "application/grpc")];
        let mut stream = respond.send_response(head(200, &grpc), false).unwrap();
        stream
            .send_data(Bytes::from_static(&[0; 5]), false)
            .unwrap();
        let mut trailers = http::HeaderMap::new();
        trailers.insert("grpc-status", "0".parse().unwrap());
        stream.send_trailers(trailers).unwrap();
    })
    .await;
    assert_eq!(call(&client(server), ECHO, b"x").await.unwrap(), "");
    assert_eq!(seen.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn requests_carry_the_headers_of_the_settings() {
    let handler = Handler::default();
    let options_of_server = ServerOptions {
        include_metadata: true,
        ..ServerOptions::default()
    };
    let server = serve(handler.clone(), options_of_server);
    let mut options = options(&server.address.to_string());
    options
        .headers
        .insert("authorization", "Bearer x".parse().unwrap());
    options.user_agent = "collector/1".parse().unwrap();
    call(&Client::new(options), ECHO, b"x").await.unwrap();
    let context = handler.contexts.lock().unwrap()[0].clone();
    let header = |name: &str| context.header(name).first().map(|value| value.to_string());
    assert_eq!(header("authorization").as_deref(), Some("Bearer x"));
    assert_eq!(header("user-agent").as_deref(), Some("collector/1"));
    assert_eq!(header("te").as_deref(), Some("trailers"));
    assert!(header("grpc-timeout").is_some());
}

/// Calls a server that only the proxy of the environment can find. Started by the next test.
#[tokio::test]
#[ignore = "needs a proxy in its environment"]
async fn in_an_environment_with_a_proxy() {
    let config = headwater_transport::config::GrpcClientConfig::insecure("backend.invalid:4317");
    let client = config.client(&host(Vec::new()), "x").unwrap();
    assert_eq!(call(&client, ECHO, b"through").await.unwrap(), "through");
}

#[tokio::test]
async fn the_proxy_of_the_environment_is_asked_for_a_tunnel() {
    let handler = Handler::default();
    let server = serve(handler.clone(), ServerOptions::default());
    let (proxy, mut asked) = crate::http_client::tunnelling(server.address).await;
    let child = |variable: &'static str, value: String| {
        tokio::task::spawn_blocking(move || {
            let mut command = std::process::Command::new(std::env::current_exe().unwrap());
            for name in ["HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"] {
                command.env_remove(name);
            }
            let name = "grpc_client::in_an_environment_with_a_proxy";
            command.args(["--exact", "--ignored", name]);
            command.env(variable, value).output().unwrap()
        })
    };
    let value = format!("http://user:secret@{proxy}");
    let output = within("the call", child("HTTPS_PROXY", value))
        .await
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(handler.called(), 1);
    let head = asked.recv().await.unwrap();
    for part in [
        "CONNECT backend.invalid:4317 HTTP/1.1\r\nHost: backend.invalid:4317\r\n",
        "Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=",
    ] {
        assert!(head.contains(part), "{head}");
    }
    // Without a proxy nobody knows that name.
    let output = within("the call", child("HTTPS_PROXY", String::new()))
        .await
        .unwrap();
    assert!(!output.status.success());
}

#[tokio::test]
async fn a_dropped_client_closes_its_connections() {
    let handler = Handler::default();
    let server = serve(handler.clone(), ServerOptions::default());
    let client = client(server.address);
    call(&client, ECHO, b"x").await.unwrap();
    drop(client);
    server.stopper.stop_by(std::time::Instant::now() + PATIENCE);
    within("no connection is left", server.task).await.unwrap();
}
