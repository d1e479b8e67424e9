//! Our HTTP server, asked by our client and by hand.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use headwater_core::{Budget, Context, Ticket};
use headwater_transport::Status;
use headwater_transport::compression::{CompressionParams, Compressor, Encoding};
use headwater_transport::config::CorsConfig;
use headwater_transport::grpc::Message;
use headwater_transport::http::{
    Client, ClientOptions, Cors, Encodings, Handler, Request, Response, Server, ServerOptions,
    parse_url,
};
use http::request::Parts;
use http::{HeaderValue, StatusCode};

use crate::support::*;

/// Echoes `/echo`, waits for ever on `/hang`, and gives 404 for the rest before the body is read.
#[derive(Debug, Default, Clone)]
pub(crate) struct Echo {
    pub(crate) budget: Budget,
    pub(crate) hanging: Arc<AtomicUsize>,
    pub(crate) called: Arc<AtomicUsize>,
    pub(crate) contexts: Arc<Mutex<Vec<Context>>>,
    pub(crate) requests: Arc<Mutex<Vec<(String, String, http::HeaderMap)>>>,
}

impl Handler for Echo {
    fn check(&self, head: &Parts) -> Option<Response> {
        let known = head.uri.path().starts_with("/echo") || head.uri.path() == "/hang";
        (!known).then(|| Response::text(StatusCode::NOT_FOUND, "404 page not found"))
    }

    fn admit(&self, _: &Parts, bytes: usize) -> Result<Ticket, Status> {
        Ok(self.budget.try_charge(bytes)?)
    }

    async fn call(&self, request: Request) -> Response {
        self.called.fetch_add(1, Ordering::SeqCst);
        self.contexts.lock().unwrap().push(request.context.clone());
        let (method, uri) = (request.method.to_string(), request.uri.to_string());
        self.requests
            .lock()
            .unwrap()
            .push((method, uri, request.headers.clone()));
        if request.uri.path() == "/hang" {
            hang(&self.hanging).await;
        }
        Response::new(StatusCode::OK, "application/octet-stream", request.body)
    }
}

pub(crate) fn serve_http(handler: Echo, options: ServerOptions) -> Running {
    serve_with(Server::new(handler, options), listener())
}

pub(crate) async fn post(
    client: &Client,
    server: &Running,
    body: &[u8],
) -> Result<headwater_transport::http::Answer, Status> {
    let url = parse_url("endpoint", &format!("http://{}/echo", server.address)).unwrap();
    let body = Message::from(Bytes::copy_from_slice(body));
    let content_type = HeaderValue::from_static("text/plain");
    within(
        "an answer",
        client.post(&url, content_type, body, &Context::default()),
    )
    .await
}

fn client() -> Client {
    Client::new(ClientOptions::default())
}

#[tokio::test]
async fn bodies_of_every_size_arrive_as_they_were_sent() {
    let handler = Echo::default();
    let server = serve_http(handler.clone(), ServerOptions::default());
    let client = client();
    for length in [0, 1, 1000, 65_536] {
        let body: Vec<u8> = (0..length).map(|n| n as u8).collect();
        let answer = post(&client, &server, &body).await.unwrap();
        assert_eq!(
            (answer.status, answer.body),
            (StatusCode::OK, body.into()),
            "{length}"
        );
        assert!(!answer.truncated);
    }
    let long = vec![7; 3 << 20];
    let answer = post(&client, &server, &long).await.unwrap();
    assert!(answer.truncated && answer.body.len() == 64 << 10);
    assert_eq!(handler.budget.held(), 0);
}

#[tokio::test]
async fn every_encoding_is_understood() {
    let server = serve_http(Echo::default(), ServerOptions::default());
    for encoding in [
        Encoding::Gzip,
        Encoding::Zlib,
        Encoding::Zstd,
        Encoding::Snappy,
        Encoding::SnappyFramed,
        Encoding::Lz4,
    ] {
        let compressor = Compressor::try_new(encoding, CompressionParams::default()).unwrap();
        let compressor = Some(compressor);
        let client = Client::new(ClientOptions {
            compressor,
            ..ClientOptions::default()
        });
        for body in [&b""[..], b"spans", &[7; 60_000]] {
            assert_eq!(
                post(&client, &server, body).await.unwrap().body,
                body,
                "{encoding}"
            );
        }
    }
}

#[tokio::test]
async fn without_algorithms_bodies_are_passed_on_as_they_are() {
    let options = ServerOptions {
        encodings: Encodings::Untouched,
        ..ServerOptions::default()
    };
    let server = serve_http(Echo::default(), options);
    let compressor = Compressor::try_new(Encoding::Gzip, CompressionParams::default()).ok();
    let client = Client::new(ClientOptions {
        compressor,
        ..ClientOptions::default()
    });
    let answer = post(&client, &server, b"spans").await.unwrap();
    assert_eq!(&answer.body[..2], [0x1f, 0x8b]);
}

#[tokio::test]
async fn metadata_travels_only_when_asked_for_and_includes_the_host() {
    for include_metadata in [false, true] {
        let handler = Echo::default();
        let options = ServerOptions {
            include_metadata,
            ..ServerOptions::default()
        };
        let server = serve_http(handler.clone(), options);
        post(&client(), &server, b"x").await.unwrap();
        let context = handler.contexts.lock().unwrap()[0].clone();
        let host = context
            .header("host")
            .first()
            .map(|value| value.to_string());
        assert_eq!(host, include_metadata.then(|| server.address.to_string()));
        assert!(context.peer().is_some());
    }
}

#[tokio::test]
async fn answers_carry_the_headers_of_the_settings() {
    let mut options = ServerOptions::default();
    options
        .response_headers
        .insert("x-frame-options", HeaderValue::from_static("deny"));
    let server = serve_http(Echo::default(), options);
    let answer = post(&client(), &server, b"x").await.unwrap();
    assert_eq!(answer.headers["x-frame-options"], "deny");
    assert!(answer.headers.contains_key("date"));
}

#[tokio::test]
async fn browsers_of_allowed_origins_get_their_preflight() {
    let cors = CorsConfig {
        allowed_origins: vec!["https://*.example.com".to_owned()],
        ..CorsConfig::default()
    };
    let options = ServerOptions {
        cors: Cors::new(&cors),
        ..ServerOptions::default()
    };
    let server = serve_http(Echo::default(), options);
    let answer = raw(
        server.address,
        b"OPTIONS /echo HTTP/1.1\r\nHost: x\r\nOrigin: https://a.example.com\r\n\
          Access-Control-Request-Method: POST\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    assert!(
        answer.contains("access-control-allow-origin: https://a.example.com"),
        "{answer}"
    );
}

#[tokio::test]
async fn requests_in_hand_are_answered_at_shutdown() {
    let handler = Echo::default();
    let server = serve_http(handler.clone(), ServerOptions::default());
    let url = parse_url("endpoint", &format!("http://{}/hang", server.address)).unwrap();
    let hanging = tokio::spawn(async move {
        let text = HeaderValue::from_static("text/plain");
        client()
            .post(&url, text, Message::default(), &Context::default())
            .await
    });
    eventually("the request is in hand", || {
        handler.hanging.load(Ordering::SeqCst) == 1
    })
    .await;
    // An idle connection must not hold up the shutdown.
    let idle = tokio::net::TcpStream::connect(server.address)
        .await
        .unwrap();
    server.stopper.stop_by(std::time::Instant::now() + PATIENCE);
    eventually("the port is free", || {
        std::net::TcpListener::bind(server.address).is_ok()
    })
    .await;
    assert!(
        !server.task.is_finished(),
        "the server left a request alone"
    );
    hanging.abort();
    drop(hanging.await);
    within("the server ends", server.task).await.unwrap();
    drop(idle);
}

#[tokio::test]
async fn http_2_without_tls_is_served_too() {
    let server = serve_http(Echo::default(), ServerOptions::default());
    let stream = tokio::net::TcpStream::connect(server.address)
        .await
        .unwrap();
    let (sender, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let mut sender = sender.ready().await.unwrap();
    let request = http::Request::post(format!("http://{}/echo", server.address));
    let (response, mut stream) = sender
        .send_request(request.body(()).unwrap(), false)
        .unwrap();
    stream
        .send_data(Bytes::from_static(b"spans"), true)
        .unwrap();
    let mut response = within("an answer", response).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.body_mut().data().await.unwrap().unwrap(), "spans");
}

#[tokio::test]
async fn a_grpc_client_on_the_http_port_is_told_where_to_go() {
    let options = ServerOptions {
        other_protocol_hint: Some("gRPC is served on 127.0.0.1:4317".to_owned()),
        ..ServerOptions::default()
    };
    let server = serve_http(Echo::default(), options);
    let status = call(&crate::support::client(server.address), ECHO, b"x")
        .await
        .unwrap_err();
    assert_eq!(status.code(), headwater_core::rpc::Code::Unimplemented);
    assert!(
        status
            .message()
            .ends_with("gRPC is served on 127.0.0.1:4317"),
        "{status}"
    );
}

#[tokio::test]
async fn keep_alive_can_be_switched_off() {
    let options = ServerOptions {
        keep_alive: false,
        ..ServerOptions::default()
    };
    let server = serve_http(Echo::default(), options);
    // Ends: the read would run into the test's patience otherwise.
    let answer = raw(
        server.address,
        b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx",
    )
    .await;
    assert!(answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn a_quiet_connection_is_closed_after_the_idle_timeout_and_a_busy_one_is_not() {
    let handler = Echo::default();
    let options = ServerOptions {
        idle_timeout: Some(Duration::from_millis(100)),
        ..ServerOptions::default()
    };
    let server = serve_http(handler.clone(), options);
    let request = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx";
    let answer = raw(server.address, request).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let mut busy = tokio::net::TcpStream::connect(server.address)
        .await
        .unwrap();
    use tokio::io::AsyncWriteExt as _;
    busy.write_all(b"POST /hang HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        .await
        .unwrap();
    eventually("the request is in hand", || {
        handler.hanging.load(Ordering::SeqCst) == 1
    })
    .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(handler.hanging.load(Ordering::SeqCst), 1);
}
