//! The conformance tests of h2spec, which is a program of its own.
//!
//! `go install github.com/summerwind/h2spec/cmd/h2spec@latest`, then
//! `H2SPEC=path/to/h2spec cargo test -p headwater-transport -- --ignored h2spec`.
//!
//! Its requests are no gRPC, and would be answered 405 before a test has begun. A relay between
//! the two makes them gRPC: POST, with a content type and an empty message.

use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use headwater_transport::Status;
use headwater_transport::grpc::{Request, Server, ServerOptions, UnaryHandler};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use crate::support::*;

/// Cases that fail, each with the reason.
const KNOWN: [(&str, &str); 2] = [
    (
        "Sends invalid connection preface",
        "what is no HTTP/2 is told so in HTTP/1, where h2spec expects silence",
    ),
    (
        "Sends a large size HEADERS frame that exceeds the SETTINGS_MAX_FRAME_SIZE",
        "it assumes the smallest limit; we announce 1 MiB, and the frame is smaller",
    ),
];

/// Answers late enough for a test to come before the answer.
struct Slow;

impl UnaryHandler for Slow {
    async fn call(&self, request: Request) -> Result<Bytes, Status> {
        tokio::time::sleep(Duration::from_millis(100)).await;
        Ok(request.message)
    }
}

#[tokio::test]
#[ignore = "needs the h2spec program"]
async fn h2spec_finds_nothing_but_what_is_known() {
    let program = std::env::var_os("H2SPEC").expect("H2SPEC is the path of the program");
    let server = Server::new(vec!["/"], Slow, ServerOptions::default());
    let server = serve_with(server, listener());
    let relay = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = relay.local_addr().unwrap().port().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = relay.accept().await {
            tokio::spawn(relayed(stream, server.address));
        }
    });
    let running = tokio::task::spawn_blocking(move || {
        let arguments = ["-p", &port, "-S", "-o", "1"];
        Command::new(program).args(arguments).output().unwrap()
    });
    let output = running.await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    let (_, failures) = text.split_once("Failures:").unwrap_or_default();
    for case in failures.lines().filter(|line| line.contains('×')) {
        assert!(
            KNOWN.iter().any(|(known, _)| case.contains(known)),
            "{case}"
        );
    }
    assert!(text.contains(" passed"), "{text}");
}

async fn relayed(stream: TcpStream, to: std::net::SocketAddr) {
    let onward = TcpStream::connect(to).await.unwrap();
    let (from_client, mut to_client) = stream.into_split();
    let (mut from_server, to_server) = onward.into_split();
    tokio::join!(
        async {
            drop(tokio::io::copy(&mut from_server, &mut to_client).await);
            drop(to_client.shutdown().await);
        },
        forward(from_client, to_server),
    );
}

/// Copies frames, except that the first headers of a stream become a gRPC request.
async fn forward(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    const PREFACE: usize = 24;
    let mut last = 0;
    let mut head = vec![0; PREFACE];
    let mut first = true;
    // What is cut off is passed on as it is.
    while let Ok(()) = exactly(&mut from, &mut to, &mut head).await {
        if first {
            first = false;
            let valid = head.starts_with(b"PRI * HTTP/2.0");
            if to.write_all(&head).await.is_err() {
                return;
            }
            if !valid {
                drop(tokio::io::copy(&mut from, &mut to).await);
                return;
            }
            head = vec![0; 9];
            continue;
        }
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        let mut payload = vec![0; length];
        let read = exactly(&mut from, &mut to, &mut payload).await;
        let frame = if head[3] == 1 && stream > last && read.is_ok() {
            last = stream;
            request(&head, &payload)
        } else {
            [&head[..], &payload].concat()
        };
        if read.is_err() || to.write_all(&frame).await.is_err() {
            return;
        }
    }
    drop(to.shutdown().await);
}

/// Fills `bytes`, or passes on what there is of them.
async fn exactly(
    from: &mut OwnedReadHalf,
    to: &mut OwnedWriteHalf,
    bytes: &mut [u8],
) -> Result<(), ()> {
    let mut filled = 0;
    while filled < bytes.len() {
        match from.read(&mut bytes[filled..]).await {
            Ok(count @ 1..) => filled += count,
            _ => {
                drop(to.write_all(&bytes[..filled]).await);
                return Err(());
            }
        }
    }
    Ok(())
}

/// Headers as they are, with what gRPC wants: only where nothing odd is being tested with them.
fn request(head: &[u8], payload: &[u8]) -> Vec<u8> {
    const END_STREAM: u8 = 1;
    const END_HEADERS: u8 = 4;
    const GET: u8 = 0x82;
    const POST: u8 = 0x83;
    let plain = head[4] & !(END_STREAM | END_HEADERS) == 0;
    // From the table that both sides begin with: nothing that comes later depends on it.
    let Some((&(GET | POST), rest)) = payload.split_first().filter(|_| plain) else {
        return [head, payload].concat();
    };
    let mut payload = vec![POST];
    payload.extend(rest);
    if head[4] & END_HEADERS != 0 {
        let (name, value) = ("content-type", "application/grpc");
        payload.extend([0, name.len() as u8]);
        payload.extend(name.as_bytes());
        payload.push(value.len() as u8);
        payload.extend(value.as_bytes());
    }
    let (end, stream) = (
        head[4] & END_STREAM != 0 && head[4] & END_HEADERS != 0,
        &head[5..],
    );
    let flags = if end { head[4] & !END_STREAM } else { head[4] };
    let length = (payload.len() as u32).to_be_bytes();
    let mut out = [&length[1..], &[1, flags], stream, &payload].concat();
    if end {
        out.extend([&[0, 0, 5, 0, END_STREAM][..], stream, &[0; 5]].concat());
    }
    out
}
