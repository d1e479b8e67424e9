//! Bodies of all kinds.

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use headwater_prometheus_http::FetchError;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::server::{Reply, Server, text};
use crate::{client, get, limited};

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn encoded(encoding: &str, body: Vec<u8>) -> Reply {
    Reply::Whole("200 OK", format!("Content-Encoding: {encoding}\r\n"), body)
}

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn connections_are_used_again() {
    let server = Server::start(|_| text("up 1\n")).await;
    let client = client("");
    for _ in 0..3 {
        let answer = get(&client, &server.url("/metrics?a=b")).await.unwrap();
        assert_eq!((&*answer.body, answer.received), (&b"up 1\n"[..], 5));
    }
    assert_eq!((server.requests().len(), server.connections()), (3, 1));
    let last = server.last();
    assert_eq!(last.line, "GET /metrics?a=b HTTP/1.1");
    assert_eq!(last.header("user-agent"), "agent/1");
    assert_eq!(last.header("accept-encoding"), "gzip");
}

#[tokio::test]
async fn a_connection_that_is_closed_when_it_is_used_again_costs_no_scrape() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 1024];
            let asked = socket.read(&mut buffer).await.unwrap();
            assert!(asked > 0);
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nup 1\n";
            socket.write_all(answer).await.unwrap();
            // The next request arrives, or the client has left; neither gets an answer.
            drop(socket.read(&mut buffer).await);
        }
    });
    let client = client("");
    for _ in 0..3 {
        assert_eq!(&*get(&client, &url).await.unwrap().body, b"up 1\n");
    }
}

#[tokio::test]
async fn compressed_bodies_are_decoded() {
    let server = Server::start(|_| encoded("gzip", gzip(&[b'a'; 5000]))).await;
    let answer = get(&client(""), &server.url("/")).await.unwrap();
    assert_eq!(answer.body.len(), 5000);
    assert!(answer.received < 100, "{}", answer.received);
}

#[tokio::test]
async fn a_body_as_long_as_the_limit_is_too_long() {
    let server = Server::start(|request| {
        if request.line.contains("gzip") {
            encoded("gzip", gzip(&[b'a'; 100]))
        } else {
            text(&"a".repeat(100))
        }
    })
    .await;
    let client = client("");
    for path in ["/plain", "/gzip"] {
        let answer = limited(&client, &server.url(path), 101, PATIENCE).await;
        assert_eq!(answer.unwrap().body.len(), 100, "{path}");
        let error = limited(&client, &server.url(path), 100, PATIENCE).await;
        assert!(matches!(error, Err(FetchError::BodyTooLong)), "{path}");
    }
}

#[tokio::test]
async fn neither_an_endless_body_nor_a_bomb_is_kept() {
    let bomb = gzip(&vec![0; 4 << 20]);
    let server = Server::start(move |request| {
        if request.line.contains("bomb") {
            encoded("gzip", bomb.clone())
        } else {
            Reply::Endless
        }
    })
    .await;
    let client = client("");
    for path in ["/bomb", "/endless"] {
        let error = limited(&client, &server.url(path), 1 << 16, PATIENCE).await;
        assert!(matches!(error, Err(FetchError::BodyTooLong)), "{path}");
    }
}

#[tokio::test]
async fn damaged_and_unknown_encodings_are_errors() {
    let server = Server::start(|request| {
        if request.line.contains("br") {
            encoded("br", vec![1, 2, 3])
        } else {
            encoded("gzip", b"not gzip".to_vec())
        }
    })
    .await;
    let client = client("");
    for (path, words) in [
        ("/br", "unexpected Content-Encoding"),
        ("/gzip", "invalid gzip data"),
    ] {
        let error = get(&client, &server.url(path))
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_target_that_hangs_is_given_up() {
    for raw in [
        &b""[..],
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
    ] {
        let server = Server::start(|_| Reply::Raw(raw.to_vec())).await;
        let (client, url) = (client(""), server.url("/"));
        let answer = limited(&client, &url, 0, Duration::from_millis(50)).await;
        let error = answer.unwrap_err();
        assert!(matches!(error, FetchError::Timeout { .. }), "{error}");
        assert!(error.to_string().contains("context deadline exceeded"));
    }
}

#[tokio::test]
async fn what_does_not_listen_or_speak_is_an_error() {
    let error = get(&client(""), "http://127.0.0.1:1/metrics")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("127.0.0.1:1"), "{error}");
    let server = Server::start(|_| Reply::Raw(b"SSH-2.0-x\r\n".to_vec())).await;
    let error = get(&client(""), &server.url("/")).await.unwrap_err();
    assert!(matches!(error, FetchError::Transport(_)), "{error}");
}
