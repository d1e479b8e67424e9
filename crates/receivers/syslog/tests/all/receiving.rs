//! Messages of real senders, and of none.

use std::process::Command;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use headwater_testkit::{ReceiverSetup, attribute_of, bodies_of};

use crate::support::start;

const TCP5424: &str = "tcp: {listen_address: '{address}'}\nprotocol: rfc5424";

async fn send(running: &ReceiverSetup, bytes: &[u8]) {
    let mut client = TcpStream::connect(running.address()).await.unwrap();
    client.write_all(bytes).await.unwrap();
    client.shutdown().await.unwrap();
}

#[tokio::test]
async fn messages_of_rfc_5424_are_taken_apart() {
    let running = start(TCP5424).await;
    send(
        &running,
        b"<86>1 2015-08-05T21:58:59.693Z 192.168.1.132 SecureAuth0 23108 ID52020 \
          [SecureAuth@27389 UserHostAddress=\"192.168.2.132\"] Found the user\n<34>1 - - - - - -\n",
    )
    .await;
    let records = running.wait_for_log_records(2).await;
    let record = &records[0];
    for (key, value) in [
        ("appname", "SecureAuth0"),
        ("facility", "10"),
        ("facility_text", "authpriv"),
        ("hostname", "192.168.1.132"),
        ("message", "Found the user"),
        ("msg_id", "ID52020"),
        ("priority", "86"),
        ("proc_id", "23108"),
        ("version", "1"),
    ] {
        assert_eq!(attribute_of(record, key), value, "{key}");
    }
    assert_eq!(record.time_unix_nano, 1_438_811_939_693_000_000);
    assert_eq!(record.severity_text.to_string(), "info");
    assert_eq!(attribute_of(&records[1], "priority"), "34");
    running.stop().await;
}

#[tokio::test]
async fn messages_with_their_length_before_them_may_hold_line_feeds() {
    let running = start(&format!(
        "{TCP5424}\nenable_octet_counting: true\nmax_octets: 100"
    ))
    .await;
    let message = "<1>1 - h a p m - two\nlines";
    let long = format!("<1>1 - h a p m - {}", "x".repeat(200));
    let framed = |text: &str| format!("{} {text}", text.len());
    let all = framed(message) + &framed(&long) + &framed(message);
    send(&running, all.as_bytes()).await;
    let records = running.wait_for_log_records(3).await;
    assert_eq!(attribute_of(&records[0], "message"), "two\nlines");
    // Too long for the parser: it goes on as it came.
    assert_eq!(bodies_of(&records)[1], framed(&long));
    assert_eq!(attribute_of(&records[2], "message"), "two\nlines");
    running.stop().await;
}

#[tokio::test]
async fn messages_may_end_with_a_zero_byte() {
    let running = start(&format!("{TCP5424}\nnon_transparent_framing_trailer: NUL")).await;
    send(
        &running,
        b"<1>1 - h a p m - one\nmore\0<1>1 - h a p m - two\0",
    )
    .await;
    let records = running.wait_for_log_records(2).await;
    assert_eq!(attribute_of(&records[0], "message"), "one\nmore");
    assert_eq!(attribute_of(&records[1], "message"), "two");
    running.stop().await;
}

#[tokio::test]
async fn garbage_goes_on_as_it_came_or_is_dropped_as_told() {
    let garbage: [&[u8]; 6] = [
        b"\xff\xfe\x00 junk",
        b"<999>1 - - - - - -",
        b"<1>",
        b"GET / HTTP/1.1",
        b"<13>1 2015-13-45T99:99:99Z h a p m - x",
        b"<13>1 2015-08-05T21:58:59Z h a p m [open x=\"1 never closed",
    ];
    let all: Vec<u8> = garbage
        .iter()
        .flat_map(|line| [line, &b"\n"[..]].concat())
        .collect();
    let running = start(TCP5424).await;
    send(&running, &all).await;
    let records = running.wait_for_log_records(6).await;
    assert_eq!(bodies_of(&records)[3], "GET / HTTP/1.1");
    assert!(records.iter().all(|record| record.time_unix_nano == 0));
    running.stop().await;

    let running = start(&format!("{TCP5424}\non_error: drop")).await;
    send(&running, &[&all[..], b"<1>1 - h a p m - good\n"].concat()).await;
    let records = running.wait_for_log_records(1).await;
    assert_eq!(attribute_of(&records[0], "message"), "good");
    running.stop().await;
}

#[tokio::test]
async fn operators_see_what_the_parser_has_found() {
    let running = start(&format!(
        "{TCP5424}\noperators: [{{type: move, from: attributes.message, to: body}}]"
    ))
    .await;
    send(&running, b"<1>1 - h a p m - hello\n").await;
    assert_eq!(bodies_of(&running.wait_for_log_records(1).await), ["hello"]);
    running.stop().await;
}

/// logger(1) of util-linux, if it is installed.
fn logger(running: &ReceiverSetup, arguments: &[&str]) -> bool {
    let port = running.address().port().to_string();
    let status = Command::new("logger")
        .args(["-n", "127.0.0.1", "-P", &port])
        .args(arguments)
        .status();
    status.is_ok_and(|status| status.success())
}

#[tokio::test(flavor = "multi_thread")]
async fn logger_sends_both_formats_framed_either_way() {
    if Command::new("logger").arg("--version").output().is_err() {
        eprintln!("skipped: logger(1) is not installed");
        return;
    }
    let running = start(&format!("{TCP5424}\nenable_octet_counting: true")).await;
    assert!(logger(
        &running,
        &[
            "-T",
            "--rfc5424",
            "--octet-count",
            "-t",
            "shop",
            "-p",
            "user.warning",
            "hello there"
        ]
    ));
    let record = running.wait_for_log_records(1).await.remove(0);
    assert_eq!(attribute_of(&record, "message"), "hello there");
    assert_eq!(attribute_of(&record, "appname"), "shop");
    assert_eq!(record.severity_text.to_string(), "warning");
    running.stop().await;

    let running = start("tcp: {listen_address: '{address}'}\nprotocol: rfc3164").await;
    assert!(logger(
        &running,
        &["-T", "--rfc3164", "-t", "shop", "old style"]
    ));
    let record = running.wait_for_log_records(1).await.remove(0);
    assert_eq!(attribute_of(&record, "message"), "old style");
    assert_eq!(attribute_of(&record, "appname"), "shop");
    running.stop().await;

    let running = start("udp: {listen_address: '{address}'}\nprotocol: rfc5424").await;
    assert!(logger(
        &running,
        &["-d", "--rfc5424", "-t", "shop", "by datagram"]
    ));
    let record = running.wait_for_log_records(1).await.remove(0);
    assert_eq!(attribute_of(&record, "message"), "by datagram");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pythons_handler_is_understood() {
    let running = start(
        "udp: {listen_address: '{address}'}\nprotocol: rfc3164\nallow_skip_pri_header: true\non_error: send_quiet",
    )
    .await;
    let script = "
import logging, logging.handlers, sys
handler = logging.handlers.SysLogHandler(('127.0.0.1', int(sys.argv[1])), facility='local1')
handler.setFormatter(logging.Formatter('%(asctime)s myhost shop[%(process)d]: %(message)s', '%b %d %H:%M:%S'))
log = logging.getLogger('x')
log.addHandler(handler)
log.warning('from python')
handler.setFormatter(logging.Formatter('%(message)s'))
log.error('no header at all')
";
    let status = Command::new("python3")
        .args(["-c", script, &running.address().port().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
    let records = running.wait_for_log_records(2).await;
    assert_eq!(attribute_of(&records[0], "message"), "from python");
    assert_eq!(attribute_of(&records[0], "appname"), "shop");
    assert_eq!(attribute_of(&records[0], "facility_text"), "local1");
    assert_eq!(records[0].severity_text.to_string(), "warning");
    assert!(bodies_of(&records)[1].ends_with("no header at all"));
    running.stop().await;
}

#[tokio::test]
async fn messages_come_over_tls() {
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
        "tcp: {{listen_address: '{{address}}', tls: {{cert_file: '{}', key_file: '{}'}}}}\n\
         protocol: rfc5424\nenable_octet_counting: true",
        certificate.display(),
        key.display()
    ))
    .await;
    // RFC 5425: TLS, with the length of each message before it.
    let script = "
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[2])
raw = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
with context.wrap_socket(raw, server_hostname='localhost') as stream:
    for message in [b'<34>1 - h a p m - secret\\nof two lines', b'<34>1 - h a p m - another']:
        stream.sendall(b'%d %s' % (len(message), message))
    stream.unwrap()
";
    let mut python = Command::new("python3")
        .args(["-c", script, &running.address().port().to_string()])
        .arg(&certificate)
        .spawn()
        .unwrap();
    let records = running.wait_for_log_records(2).await;
    let message = |record| attribute_of(record, "message");
    assert_eq!(message(&records[0]), "secret\nof two lines");
    assert_eq!(message(&records[1]), "another");
    assert!(python.wait().unwrap().success());
    // Without TLS nothing comes through, and nothing breaks.
    send(&running, b"9 <1>1 - - x").await;
    running.stop().await;
}

#[tokio::test]
async fn clients_that_never_end_a_message_get_pieces_of_bounded_size() {
    for (keys, byte) in [
        ("", b'x'),
        ("enable_octet_counting: true\nmax_octets: 8192", b'1'),
        ("non_transparent_framing_trailer: NUL", b'\n'),
    ] {
        let running = start(&format!(
            "tcp: {{listen_address: '{{address}}', max_log_size: 64KiB}}\nprotocol: rfc5424\n\
             on_error: send_quiet\n{keys}"
        ))
        .await;
        let mut client = TcpStream::connect(running.address()).await.unwrap();
        for _ in 0..64 {
            // It may have been sent away.
            if client.write_all(&[byte; 64 * 1024]).await.is_err() {
                break;
            }
        }
        drop(client);
        send(&running, b"\n\0").await;
        let good = b"<34>1 - h a p m - good";
        send(
            &running,
            &[format!("{} ", good.len()).as_bytes(), good].concat(),
        )
        .await;
        send(&running, &[&good[..], b"\n"].concat()).await;
        send(&running, &[&good[..], b"\0"].concat()).await;
        let arrived = async {
            while !running
                .log_records()
                .iter()
                .any(|record| attribute_of(record, "message").starts_with("good"))
            {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(headwater_testkit::PATIENCE, arrived)
            .await
            .unwrap();
        let batches = running.recorder.batches();
        let largest = batches.iter().map(|batch| batch.bytes()).max();
        assert!(largest.unwrap() < 1 << 20, "{keys}: {largest:?}");
        running.stop().await;
    }
}

#[tokio::test]
async fn datagrams_of_garbage_cost_nobody_else_anything() {
    let running =
        start("udp: {listen_address: '{address}'}\nprotocol: rfc5424\non_error: drop_quiet").await;
    let client = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    client.connect(running.address()).await.unwrap();
    let junk: Vec<u8> = (0..60_000_u32).map(|n| ((n * 7919) >> 3) as u8).collect();
    for length in [0, 1, 2, 100, 8192, 60_000] {
        client.send(&junk[..length]).await.unwrap();
        client.send(b"<34>1 - h a p m - good").await.unwrap();
    }
    let records = running.wait_for_log_records(6).await;
    let good = |record| attribute_of(record, "message") == "good";
    assert!(records.iter().all(good), "{records:?}");
    running.stop().await;
}
