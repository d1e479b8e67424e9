//! What a gRPC server does with clients that break the rules.

use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use http::{HeaderMap, Request, Response};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use headwater_core::Budget;
use headwater_transport::compression::{CompressionParams, Compressor, Encoding};
use headwater_transport::grpc::ServerOptions;

use crate::support::*;

/// An HTTP/2 connection that does what it is told.
async fn connect(server: &Running) -> SendRequest<Bytes> {
    let stream = TcpStream::connect(server.address).await.unwrap();
    let (sender, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    sender
}

fn request(path: &str) -> http::request::Builder {
    Request::post(format!("http://test{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
}

fn framed(flag: u8, message: &[u8]) -> Vec<u8> {
    let length = (message.len() as u32).to_be_bytes();
    [&[flag][..], &length, message].concat()
}

struct Ended {
    http: u16,
    headers: HeaderMap,
    trailers: HeaderMap,
}

impl Ended {
    fn status(&self) -> &str {
        let status = self
            .headers
            .get("grpc-status")
            .or(self.trailers.get("grpc-status"));
        status.map_or("none", |status| status.to_str().unwrap())
    }

    fn message(&self) -> &str {
        self.headers
            .get("grpc-message")
            .map_or("", |text| text.to_str().unwrap())
    }
}

async fn finish(response: Response<h2::RecvStream>) -> Ended {
    let (head, mut body) = response.into_parts();
    while let Some(data) = body.data().await {
        drop(data.unwrap());
    }
    let trailers = body.trailers().await.unwrap().unwrap_or_default();
    Ended {
        http: head.status.as_u16(),
        headers: head.headers,
        trailers,
    }
}

async fn send(server: &Running, request: Request<()>, body: Vec<u8>) -> Ended {
    let sender = connect(server).await;
    let mut sender = sender.ready().await.unwrap();
    let (response, mut stream) = sender.send_request(request, false).unwrap();
    stream.send_data(body.into(), true).unwrap();
    finish(within("an answer", response).await.unwrap()).await
}

#[tokio::test]
async fn an_unknown_method_is_unimplemented() {
    let server = serve(Handler::default(), ServerOptions::default());
    let ended = send(
        &server,
        request("/other.Service/Export").body(()).unwrap(),
        framed(0, b""),
    )
    .await;
    assert_eq!((ended.http, ended.status()), (200, "12"));
    assert_eq!(ended.message(), "unknown service other.Service");
}

#[tokio::test]
async fn a_wrong_content_type_is_415_and_a_get_is_405() {
    let server = serve(Handler::default(), ServerOptions::default());
    let wrong =
        Request::post(format!("http://test{ECHO}")).header("content-type", "application/json");
    let ended = send(&server, wrong.body(()).unwrap(), framed(0, b"")).await;
    assert_eq!((ended.http, ended.status()), (415, "3"));
    let get = Request::get(format!("http://test{ECHO}"));
    let ended = send(&server, get.body(()).unwrap(), framed(0, b"")).await;
    assert_eq!(ended.http, 405);
}

#[tokio::test]
async fn an_unknown_encoding_is_named_with_the_known_ones() {
    let server = serve(Handler::default(), ServerOptions::default());
    let brotli = request(ECHO)
        .header("grpc-encoding", "br")
        .body(())
        .unwrap();
    let ended = send(&server, brotli, framed(1, b"x")).await;
    assert_eq!(ended.status(), "12");
    assert!(
        ended.message().contains("grpc-encoding \"br\""),
        "{}",
        ended.message()
    );
    assert!(
        ended.headers["grpc-accept-encoding"]
            .to_str()
            .unwrap()
            .contains("zstd")
    );
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused_unread() {
    let handler = Handler::default();
    let options = ServerOptions {
        max_message: 1000,
        ..ServerOptions::default()
    };
    let server = serve(handler.clone(), options);
    let ended = send(
        &server,
        request(ECHO).body(()).unwrap(),
        framed(0, &[0; 1001]),
    )
    .await;
    assert_eq!(ended.status(), "8");
    assert_eq!(
        ended.message(),
        "grpc: received message larger than max (1001 vs. 1000)"
    );
    // Only the length says so: nothing follows.
    let ended = send(
        &server,
        request(ECHO).body(()).unwrap(),
        vec![0, 0xff, 0xff, 0xff, 0xff],
    )
    .await;
    assert_eq!(ended.status(), "8");
    let ended = send(
        &server,
        request(ECHO).body(()).unwrap(),
        framed(0, &[0; 1000]),
    )
    .await;
    assert_eq!(ended.status(), "0");
    assert_eq!(handler.called(), 1);
}

#[tokio::test]
async fn a_bomb_ends_at_the_limit() {
    let handler = Handler::default();
    let server = serve(handler.clone(), ServerOptions::default());
    for encoding in [
        Encoding::Gzip,
        Encoding::Zstd,
        Encoding::SnappyFramed,
        Encoding::Zlib,
    ] {
        let compressor = Compressor::try_new(encoding, CompressionParams::default()).unwrap();
        let bomb = compressor
            .compress_to_bytes(&[vec![0; 5 << 20].into()])
            .unwrap();
        let request = request(ECHO).header("grpc-encoding", encoding.grpc_name());
        let ended = send(&server, request.body(()).unwrap(), framed(1, &bomb)).await;
        assert_eq!(ended.status(), "8", "{encoding}: {}", ended.message());
        assert!(
            ended.message().contains("4194304"),
            "{encoding}: {}",
            ended.message()
        );
    }
    assert_eq!((handler.called(), handler.budget.held()), (0, 0));
}

#[tokio::test]
async fn broken_frames_are_answered_with_what_is_wrong() {
    let server = serve(Handler::default(), ServerOptions::default());
    let two = [framed(0, b"a"), framed(0, b"b")].concat();
    let garbage = framed(1, b"this is no gzip");
    let cases = [
        (framed(1, b"x"), "", "compressed flag set with identity"),
        (garbage, "gzip", "no gzip header"),
        (framed(7, b"x"), "", "unexpected payload format 7"),
        (two, "", "more than one message"),
        (
            framed(0, b"abc")[..7].to_vec(),
            "",
            "ended before its message did",
        ),
        (vec![0, 0], "", "ended before its message did"),
        (Vec::new(), "", "ended before its message did"),
    ];
    for (body, encoding, expected) in cases {
        let mut request = request(ECHO);
        if !encoding.is_empty() {
            request = request.header("grpc-encoding", encoding);
        }
        let ended = send(&server, request.body(()).unwrap(), body).await;
        assert_eq!(ended.status(), "13", "{expected}");
        assert!(ended.message().contains(expected), "{}", ended.message());
    }
}

#[tokio::test]
async fn the_clients_deadline_ends_the_request() {
    let handler = Handler::default();
    let server = serve(handler.clone(), ServerOptions::default());
    let request = request(HANG)
        .header("grpc-timeout", "50m")
        .body(())
        .unwrap();
    let ended = send(&server, request, framed(0, b"x")).await;
    assert_eq!(ended.status(), "4");
    assert_eq!((handler.called(), handler.hanging()), (1, 0));
    let bad = self::request(ECHO)
        .header("grpc-timeout", "soon")
        .body(())
        .unwrap();
    assert_eq!(send(&server, bad, framed(0, b"x")).await.status(), "13");
}

#[tokio::test]
async fn a_reset_ends_the_request_and_frees_its_bytes() {
    let handler = Handler::default();
    let server = serve(handler.clone(), ServerOptions::default());
    let mut sender = connect(&server).await.ready().await.unwrap();
    let (response, mut stream) = sender
        .send_request(request(HANG).body(()).unwrap(), false)
        .unwrap();
    stream
        .send_data(framed(0, &[0; 1000]).into(), true)
        .unwrap();
    eventually("the request is in hand", || handler.hanging() == 1).await;
    stream.send_reset(h2::Reason::CANCEL);
    eventually("the handler is dropped", || handler.hanging() == 0).await;
    assert!(response.await.is_err());
    eventually("the bytes are free", || handler.budget.held() == 0).await;
}

#[tokio::test]
async fn a_client_that_vanishes_in_mid_message_leaves_nothing_behind() {
    let handler = Handler::default();
    let server = serve(handler.clone(), ServerOptions::default());
    let stream = TcpStream::connect(server.address).await.unwrap();
    let (sender, connection) = h2::client::handshake::<_>(stream).await.unwrap();
    let driver = tokio::spawn(connection);
    let mut sender = sender.ready().await.unwrap();
    let (_response, mut stream) = sender
        .send_request(request(ECHO).body(()).unwrap(), false)
        .unwrap();
    let half = framed(0, &[0; 100_000])[..50_000].to_vec();
    stream.send_data(Bytes::from(half), false).unwrap();
    eventually("the message is admitted", || {
        handler.budget.held() == 100_000
    })
    .await;
    driver.abort();
    eventually("the bytes are free", || handler.budget.held() == 0).await;
    assert_eq!(handler.called(), 0);
}

#[tokio::test]
async fn a_message_that_does_not_come_is_given_up_and_its_bytes_are_freed() {
    let handler = Handler {
        budget: Budget::new(10_000),
        ..Handler::default()
    };
    let options = ServerOptions {
        receive_timeout: Duration::from_millis(50),
        ..ServerOptions::default()
    };
    let server = serve(handler.clone(), options);
    let mut sender = connect(&server).await.ready().await.unwrap();
    let (response, mut stream) = sender
        .send_request(request(ECHO).body(()).unwrap(), false)
        .unwrap();
    stream
        .send_data(vec![0, 0, 0, 0x10, 0].into(), false)
        .unwrap();
    let ended = finish(within("an answer", response).await.unwrap()).await;
    assert_eq!(
        (ended.status(), ended.message()),
        ("4", "the message did not arrive in time")
    );
    assert_eq!(handler.budget.held(), 0);
}

#[tokio::test]
async fn clients_that_do_not_speak_are_sent_away() {
    let options = ServerOptions {
        handshake_timeout: Duration::from_millis(50),
        ..ServerOptions::default()
    };
    let server = serve(Handler::default(), options);
    assert_eq!(raw(server.address, b"").await, "");
    // As far as the preface goes it is HTTP/2; then nothing comes.
    raw(server.address, b"PRI * HTTP/2.0\r\n").await;
    let still_there = client(server.address);
    call(&still_there, ECHO, b"x").await.unwrap();
}

#[tokio::test]
async fn a_client_that_does_not_answer_pings_is_dropped() {
    let options = ServerOptions {
        keepalive_time: Duration::from_millis(30),
        keepalive_timeout: Duration::from_millis(30),
        ..ServerOptions::default()
    };
    let server = serve(Handler::default(), options);
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    // Preface, empty SETTINGS, and an acknowledgement; then silence.
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let acknowledgement = [0, 0, 0, 4, 1, 0, 0, 0, 0];
    let start = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(),
        &settings,
        &acknowledgement,
    ]
    .concat();
    stream.write_all(&start).await.unwrap();
    // Ends: the read would run into the test's patience otherwise.
    read_to_end(&mut stream).await;
    // One that answers stays, however short the interval.
    let client = client(server.address);
    call(&client, ECHO, b"x").await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    call(&client, ECHO, b"x").await.unwrap();
}

#[tokio::test]
async fn http_1_on_the_grpc_port_is_told_where_to_go() {
    let options = ServerOptions {
        other_protocol_hint: Some("OTLP/HTTP is served on 127.0.0.1:4318".to_owned()),
        ..ServerOptions::default()
    };
    let server = serve(Handler::default(), options);
    let request = format!(
        "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{}",
        "x".repeat(50_000)
    );
    for request in [
        request.as_str(),
        "GET / HTTP/1.0\r\n\r\n",
        "P\r\n",
        "PRI * HTTP/1.1\r\n\r\n",
    ] {
        let answer = raw(server.address, request.as_bytes()).await;
        assert!(
            answer.starts_with("HTTP/1.1 400 Bad Request\r\n"),
            "{answer}"
        );
        assert!(
            answer.contains("gRPC") && answer.contains("127.0.0.1:4318"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn rubbish_closes_the_connection_and_nothing_else() {
    let handler = Handler::default();
    let server = serve(handler.clone(), ServerOptions::default());
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let rubbish: Vec<u8> = (0..5000_u32).map(|n| ((n * 7919) >> 3) as u8).collect();
    for start in [&preface[..], b"\x16\x03\x01\x02\x00", b"\0\0\0\0"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        // The server may close while it is being written to.
        drop(stream.write_all(&[start, &rubbish].concat()).await);
        drop(stream.shutdown().await);
        read_to_end(&mut stream).await;
    }
    call(&client(server.address), ECHO, b"x").await.unwrap();
    assert_eq!(handler.called(), 1);
}

#[tokio::test]
async fn a_client_that_stops_sending_after_its_request_gets_its_answer() {
    // The write half is closed as soon as everything is sent.
    let server = serve(Handler::default(), ServerOptions::default());
    let sender = connect(&server).await;
    let mut sender = sender.ready().await.unwrap();
    let (response, mut stream) = sender
        .send_request(request(ECHO).body(()).unwrap(), false)
        .unwrap();
    stream.send_data(framed(0, b"x").into(), false).unwrap();
    // END_STREAM comes in a frame of its own.
    stream.send_data(Bytes::new(), true).unwrap();
    drop(sender);
    let ended = finish(within("an answer", response).await.unwrap()).await;
    assert_eq!(ended.status(), "0");
}
