//! What an HTTP server does with clients that break the rules.

use std::sync::atomic::Ordering;
use std::time::Duration;

use headwater_core::Budget;
use headwater_transport::compression::{CompressionParams, Compressor, Encoding};
use headwater_transport::http::ServerOptions;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::http::{Echo, serve_http};
use crate::support::*;

fn request(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

fn with_length(headers: &str, body: &[u8]) -> Vec<u8> {
    request(
        &format!("{headers}Content-Length: {}\r\n", body.len()),
        body,
    )
}

#[tokio::test]
async fn encodings_are_matched_exactly() {
    let server = serve_http(Echo::default(), ServerOptions::default());
    for encoding in ["identity", "GZIP", "gzip, zstd", "br"] {
        let request = with_length(&format!("Content-Encoding: {encoding}\r\n"), b"x");
        let answer = raw(server.address, &request).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
        assert!(
            answer.contains(&format!("unsupported Content-Encoding: {encoding}")),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_and_the_answer_arrives() {
    let handler = Echo::default();
    let options = ServerOptions {
        max_body: 1000,
        ..ServerOptions::default()
    };
    let server = serve_http(handler.clone(), options);
    let long = vec![b'x'; 3 << 20];
    let chunked = [b"300000\r\n", &long[..], b"\r\n0\r\n\r\n"].concat();
    for request in [
        with_length("", &long),
        request("Transfer-Encoding: chunked\r\n", &chunked),
    ] {
        let answer = raw(server.address, &request).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
        assert!(answer.contains("the limit is 1000 bytes"), "{answer}");
    }
    assert!(
        raw(server.address, &with_length("", &[0; 1000]))
            .await
            .starts_with("HTTP/1.1 200")
    );
    assert_eq!(handler.called.load(Ordering::SeqCst), 1);
    eventually("the bytes are free", || handler.budget.held() == 0).await;
}

#[tokio::test]
async fn a_bomb_ends_at_the_limit() {
    let handler = Echo::default();
    let options = ServerOptions {
        max_body: 1 << 20,
        ..ServerOptions::default()
    };
    let server = serve_http(handler.clone(), options);
    for encoding in [
        Encoding::Gzip,
        Encoding::Zstd,
        Encoding::Snappy,
        Encoding::Lz4,
        Encoding::Zlib,
    ] {
        let compressor = Compressor::try_new(encoding, CompressionParams::default()).unwrap();
        let bomb = compressor
            .compress_to_bytes(&[vec![0; 5 << 20].into()])
            .unwrap();
        let headers = format!("Content-Encoding: {}\r\n", encoding.http_name());
        let answer = raw(server.address, &with_length(&headers, &bomb)).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{encoding}: {answer}");
        assert!(
            answer.contains("larger than the limit of 1048576 bytes"),
            "{answer}"
        );
    }
    assert_eq!(
        (handler.called.load(Ordering::SeqCst), handler.budget.held()),
        (0, 0)
    );
}

#[tokio::test]
async fn damaged_encodings_are_answered() {
    let server = serve_http(Echo::default(), ServerOptions::default());
    for encoding in ["gzip", "zstd", "deflate", "lz4", "snappy"] {
        let request = with_length(&format!("Content-Encoding: {encoding}\r\n"), b"rubbish");
        let answer = raw(server.address, &request).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{encoding}: {answer}");
    }
}

#[tokio::test]
async fn a_full_budget_refuses_before_the_body_is_read_and_says_when_to_come_back() {
    let budget = Budget::new(1000);
    let _held = budget.charge(900);
    let handler = Echo {
        budget,
        ..Echo::default()
    };
    let server = serve_http(handler.clone(), ServerOptions::default());
    // The body never comes.
    let answer = raw(server.address, &request("Content-Length: 500\r\n", b"")).await;
    assert!(answer.starts_with("HTTP/1.1 429"), "{answer}");
    assert!(answer.contains("retry-after: 1\r\n"), "{answer}");
    let answer = raw(
        server.address,
        &request("Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n0\r\n\r\n"),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 429"), "{answer}");
    assert_eq!(handler.called.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_unknown_path_is_answered_before_the_body() {
    let server = serve_http(Echo::default(), ServerOptions::default());
    let answer = raw(
        server.address,
        b"POST /other HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 9\r\n\r\n",
    )
    .await;
    assert!(
        answer.starts_with("HTTP/1.1 404") && answer.ends_with("404 page not found"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_client_that_vanishes_in_mid_body_leaves_nothing_behind() {
    let handler = Echo::default();
    let server = serve_http(handler.clone(), ServerOptions::default());
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all(&request("Content-Length: 1000\r\n", b"half of it"))
        .await
        .unwrap();
    eventually("the body is admitted", || handler.budget.held() == 1000).await;
    drop(stream);
    eventually("the bytes are free", || handler.budget.held() == 0).await;
    assert_eq!(handler.called.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_half_closed_client_gets_its_answer() {
    let server = serve_http(Echo::default(), ServerOptions::default());
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(&with_length("", b"spans")).await.unwrap();
    stream.shutdown().await.unwrap();
    let answer = read_to_end(&mut stream).await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("spans"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_body_that_stops_short_is_answered_if_anybody_listens() {
    let server = serve_http(Echo::default(), ServerOptions::default());
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all(&request("Content-Length: 1000\r\n", b"half of it"))
        .await
        .unwrap();
    stream.shutdown().await.unwrap();
    let answer = read_to_end(&mut stream).await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 400"),
        "{answer}"
    );
}

#[tokio::test]
async fn slow_headers_and_slow_bodies_are_given_up() {
    let handler = Echo::default();
    let options = ServerOptions {
        read_header_timeout: Some(Duration::from_millis(100)),
        receive_timeout: Duration::from_millis(100),
        ..ServerOptions::default()
    };
    let server = serve_http(handler.clone(), options);
    assert_eq!(
        raw(
            server.address,
            b"POST /echo HTTP/1.1\r\nHost: x\r\nX-Slow: "
        )
        .await,
        ""
    );
    assert_eq!(raw(server.address, b"PO").await, "");
    let answer = raw(
        server.address,
        &request("Content-Length: 1000\r\n", b"slow"),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert_eq!(handler.budget.held(), 0);
}

#[tokio::test]
async fn a_handler_that_takes_longer_than_the_write_timeout_is_cut_off() {
    let handler = Echo::default();
    let options = ServerOptions {
        write_timeout: Some(Duration::from_millis(100)),
        ..ServerOptions::default()
    };
    let server = serve_http(handler.clone(), options);
    let answer = raw(
        server.address,
        b"POST /hang HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    )
    .await;
    assert_eq!(answer, "");
    eventually("the handler is dropped", || {
        handler.hanging.load(Ordering::SeqCst) == 0
    })
    .await;
}

#[tokio::test]
async fn rubbish_is_answered_or_closed_and_harms_nobody() {
    let handler = Echo::default();
    let server = serve_http(handler.clone(), ServerOptions::default());
    let rubbish: Vec<u8> = (0..5000_u32).map(|n| ((n * 7919) >> 3) as u8).collect();
    for start in [
        &b"POST / HTTP/9.9\r\n\r\n"[..],
        b"\x16\x03\x01",
        b"\0\0",
        b"GET \r\n",
        b"POST /echo HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        drop(stream.write_all(&[start, &rubbish].concat()).await);
        drop(stream.shutdown().await);
        read_to_end(&mut stream).await;
    }
    assert!(
        raw(server.address, &with_length("", b"x"))
            .await
            .starts_with("HTTP/1.1 200")
    );
    assert_eq!(handler.called.load(Ordering::SeqCst), 1);
}
