//! What comes out of connections.

use std::time::Duration;

use headwater_core::ConsumeError;
use headwater_testkit::{Answer, ReceiverSetup, Recorder, attribute_of, bodies_of};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{start, start_with};

const PLAIN: &str = "listen_address: '{address}'";

async fn connect(running: &ReceiverSetup) -> TcpStream {
    TcpStream::connect(running.address()).await.unwrap()
}

#[tokio::test]
async fn lines_arrive_in_order_whatever_pieces_they_come_in() {
    let running = start(PLAIN).await;
    let mut client = connect(&running).await;
    for piece in ["one\r\n  tw", "o \n\nthree\nfo", "ur"] {
        client.write_all(piece.as_bytes()).await.unwrap();
        client.flush().await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    running.wait_for_log_records(3).await;
    client.shutdown().await.unwrap();
    let records = running.wait_for_log_records(4).await;
    assert_eq!(bodies_of(&records), ["one", "two", "three", "four"]);
    assert!(records[0].attributes.is_empty() && records[0].observed_time_unix_nano > 0);
    running.stop().await;
}

#[tokio::test]
async fn operators_and_attributes_apply_to_every_line() {
    let running = start(
        "listen_address: '{address}'
add_attributes: true
attributes: {service: shop}
operators: [{type: regex_parser, regex: '^(?P<level>[a-z]+) (?P<rest>.*)$'}]",
    )
    .await;
    let mut client = connect(&running).await;
    let port = client.local_addr().unwrap().port();
    client.write_all(b"info started\n").await.unwrap();
    let record = running.wait_for_log_records(1).await.remove(0);
    for (key, value) in [
        ("service", "shop"),
        ("level", "info"),
        ("rest", "started"),
        ("net.transport", "IP.TCP"),
        ("net.peer.ip", "127.0.0.1"),
        ("net.peer.port", &port.to_string()),
        ("net.host.ip", "127.0.0.1"),
        ("net.host.port", &running.address().port().to_string()),
    ] {
        assert_eq!(attribute_of(&record, key), value, "{key}");
    }
    let peer = running.recorder.batches()[0].context().peer();
    assert_eq!(peer.map(|peer| peer.port()), Some(port));
    running.stop().await;
}

#[tokio::test]
async fn entries_of_several_lines_and_of_whole_connections() {
    let running =
        start("listen_address: '{address}'\nmultiline: {line_start_pattern: '^at '}").await;
    let mut client = connect(&running).await;
    client.write_all(b"at 1\n more\nat 2\n").await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(
        bodies_of(&running.wait_for_log_records(2).await),
        ["at 1\n more", "at 2"]
    );
    running.stop().await;

    let running = start("listen_address: '{address}'\none_log_per_packet: true").await;
    let mut client = connect(&running).await;
    client.write_all(b"a\nb\n").await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(
        bodies_of(&running.wait_for_log_records(1).await),
        ["a\nb\n"]
    );
    running.stop().await;
}

#[tokio::test]
async fn a_client_that_never_sends_a_line_feed_gets_pieces_of_bounded_size() {
    let running = start("listen_address: '{address}'\nmax_log_size: 64KiB").await;
    let mut client = connect(&running).await;
    for _ in 0..40 {
        client.write_all(&[b'x'; 64 * 1024]).await.unwrap();
    }
    client.write_all(b"\nafter\n").await.unwrap();
    let records = running.wait_for_log_records(41).await;
    assert!(
        bodies_of(&records)[..40]
            .iter()
            .all(|body| body.len() == 64 * 1024)
    );
    assert_eq!(bodies_of(&records)[40], "after");
    let largest = running
        .recorder
        .batches()
        .iter()
        .map(|batch| batch.bytes())
        .max();
    assert!(largest.unwrap() < 1 << 20, "{largest:?}");
    running.stop().await;
}

#[tokio::test]
async fn connections_beyond_the_limit_are_closed_and_others_go_on() {
    let running = start("listen_address: '{address}'\nmax_connections: 2").await;
    let mut held = Vec::new();
    for number in 0..2 {
        let mut client = connect(&running).await;
        client
            .write_all(format!("held {number}\n").as_bytes())
            .await
            .unwrap();
        running.wait_for_log_records(number + 1).await;
        held.push(client);
    }
    let mut third = connect(&running).await;
    // Closed, or reset: nothing can be read either way.
    let read = tokio::time::timeout(Duration::from_secs(20), third.read(&mut [0; 1])).await;
    assert!(!matches!(read.unwrap(), Ok(count) if count > 0));
    held[1].write_all(b"still there\n").await.unwrap();
    running.wait_for_log_records(3).await;
    running.stop().await;
}

#[tokio::test]
async fn a_client_waits_while_the_pipeline_refuses_and_nothing_is_lost() {
    let recorder = Recorder::new();
    let soon = Some(Duration::from_millis(20));
    recorder.answer(Answer::Fail(ConsumeError::retryable("full", soon)));
    recorder.answer(Answer::Fail(ConsumeError::refused("full", soon)));
    let running = start_with(
        "listen_address: '{address}'\nretry_on_failure: {initial_interval: 20ms}",
        recorder,
    )
    .await;
    let mut client = connect(&running).await;
    client.write_all(b"one\ntwo\n").await.unwrap();
    assert_eq!(
        bodies_of(&running.wait_for_log_records(2).await),
        ["one", "two"]
    );
    running.stop().await;
}

#[tokio::test]
async fn what_is_refused_for_good_is_booked() {
    let recorder = Recorder::new();
    recorder.answer(Answer::Fail(ConsumeError::permanent("no")));
    let running = start_with(PLAIN, recorder).await;
    let mut client = connect(&running).await;
    client.write_all(b"lost\n").await.unwrap();
    running.recorder.wait_for_calls(1).await;
    client.write_all(b"kept\n").await.unwrap();
    assert_eq!(bodies_of(&running.wait_for_log_records(1).await), ["kept"]);
    running.stop().await;
}

#[tokio::test]
async fn junk_and_text_of_other_encodings_are_valid_text_afterwards() {
    let running = start("listen_address: '{address}'\nencoding: utf-16le").await;
    let mut client = connect(&running).await;
    let wide: Vec<u8> = "a\u{e9}\n\u{4f60}\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    client.write_all(&wide).await.unwrap();
    assert_eq!(
        bodies_of(&running.wait_for_log_records(2).await),
        ["a\u{e9}", "\u{4f60}"]
    );
    running.stop().await;

    let running = start(PLAIN).await;
    let mut client = connect(&running).await;
    client.write_all(b"\xff\x00\xfe ok\n").await.unwrap();
    assert_eq!(
        bodies_of(&running.wait_for_log_records(1).await),
        ["\u{fffd}\0\u{fffd} ok"]
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pythons_socket_writes_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (
        folder.path().join("cert.pem"),
        folder.path().join("key.pem"),
    );
    std::fs::write(&certificate, cert.pem()).unwrap();
    std::fs::write(&key, signing_key.serialize_pem()).unwrap();
    let running = start(&format!(
        "listen_address: '{{address}}'\ntls: {{cert_file: '{}', key_file: '{}'}}",
        certificate.display(),
        key.display()
    ))
    .await;
    let script = "
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[2])
raw = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
with context.wrap_socket(raw, server_hostname='localhost') as stream:
    stream.sendall(b'secret one\\nsecret two\\n')
    stream.unwrap()
";
    let mut python = std::process::Command::new("python3")
        .args(["-c", script, &running.address().port().to_string()])
        .arg(&certificate)
        .spawn()
        .unwrap();
    let records = running.wait_for_log_records(2).await;
    assert_eq!(bodies_of(&records), ["secret one", "secret two"]);
    assert!(python.wait().unwrap().success());
    // Without TLS nothing comes through, and nothing breaks.
    let mut plain = connect(&running).await;
    plain.write_all(b"plain\n").await.unwrap();
    drop(plain);
    running.stop().await;
}
