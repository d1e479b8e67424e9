//! Clients that do it wrong on the wire: they get an answer or are cut off, nobody else notices,
//! and nothing is lost or miscounted.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use headwater_e2e::http::Request;
use headwater_e2e::{
    Answer, Binary, Collector, Encoding, Items, Launch, Signal, Sink, grpc, http, samples, wait,
    yaml,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const BATCH: &str = "processors:\n  batch:\n    timeout: 20ms\n";

async fn start(sink: &Sink) -> Collector {
    Launch::of(&Binary::headwater())
        .config(yaml::OTLP_IN)
        .config(yaml::GRPC_OUT)
        .config(BATCH)
        .config(&yaml::pipelines("batch", "otlp_grpc"))
        .env("SINK", sink.address())
        .start()
        .await
}

/// Sends bytes, closes that half if told so, and reads what comes until the end.
async fn raw(to: SocketAddr, bytes: &[u8], half_close: bool) -> Vec<u8> {
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    if half_close {
        stream.shutdown().await.unwrap();
    }
    let mut answer = Vec::new();
    // Cutting the connection is an answer, too.
    let read = async { stream.read_to_end(&mut answer).await.map_or(0, |read| read) };
    wait::within("the end of a connection", read).await;
    answer
}

/// That a good client is still served, over both protocols; then the books and the items.
async fn still_fine(collector: Collector, sink: Sink, before: &Items) {
    let client = grpc::Client::connect(collector.grpc()).await.unwrap();
    let mut expected = before.clone();
    for signal in Signal::ALL {
        let message = samples::rich(signal, "still fine");
        assert_eq!(client.export(&message).await.unwrap().code, Some(0));
        assert_eq!(http::export(collector.http(), &message).await.status, 200);
        expected.add(&message);
        expected.add(&message);
    }
    collector.stop().await;
    sink.items().assert_is(&expected, "after hostile clients");
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn the_wrong_protocol_gets_an_answer() {
    let sink = Sink::start().await;
    let collector = start(&sink).await;
    // HTTP/1 on the gRPC port.
    let request = b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
    let answer = raw(collector.grpc(), request, false).await;
    let text = String::from_utf8_lossy(&answer);
    assert!(text.starts_with("HTTP/1.1 4"), "{text}");
    assert!(
        text.contains(&collector.http().port().to_string()),
        "no word where to go: {text}"
    );
    // HTTP/2 on the HTTP port: an answer, or the end, but no waiting.
    raw(
        collector.http(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
        true,
    )
    .await;
    // TLS where there is none.
    let hello = b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00";
    for to in [collector.grpc(), collector.http()] {
        raw(to, hello, true).await;
    }
    // Nothing that anybody knows.
    for to in [collector.grpc(), collector.http()] {
        raw(to, b"\x00\x01\x02\x03 hello? \r\n\r\n", true).await;
        raw(to, b"", true).await;
    }
    still_fine(collector, sink, &Items::default()).await;
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn clients_that_leave_in_the_middle_of_a_request_leave_nothing_behind() {
    let sink = Sink::start().await;
    let collector = start(&sink).await;
    let body = samples::numbered(Signal::Traces, 0, 100).to_protobuf();
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    for _ in 0..20 {
        let mut stream = TcpStream::connect(collector.http()).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&body[..body.len() / 2]).await.unwrap();
        drop(stream);
    }
    // A half-closed connection never sends the rest either.
    let half = [head.as_bytes(), &body[..10]].concat();
    raw(collector.http(), &half, true).await;
    // Nor does one in the middle of its head, or of a gRPC frame.
    raw(collector.http(), b"POST /v1/traces HT", true).await;
    for _ in 0..20 {
        let client = grpc::Client::connect(collector.grpc()).await.unwrap();
        let frame = grpc::frame(false, &body);
        client
            .leave_in_the_middle_of(Signal::Traces.method(), frame.slice(..frame.len() / 2))
            .await;
    }
    still_fine(collector, sink, &Items::default()).await;
}

/// A client gives up while the backend has not answered yet.
#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn clients_that_leave_while_the_backend_thinks_do_not_upset_the_books() {
    let sink = Sink::start().await;
    sink.next(std::iter::repeat_n(
        Answer::Slowly(Duration::from_millis(300)),
        10,
    ));
    let collector = Launch::of(&Binary::headwater())
        .config(yaml::OTLP_IN)
        .config(yaml::GRPC_OUT)
        .config(&yaml::pipelines("", "otlp_grpc"))
        .env("SINK", sink.address())
        .start()
        .await;
    for number in 0..10 {
        let client = grpc::Client::connect(collector.grpc()).await.unwrap();
        let message = samples::numbered(Signal::Traces, number, 1);
        let body = grpc::frame(false, &message.to_protobuf());
        let call = client.call(Signal::Traces.method(), &[("grpc-timeout", "100m")], body);
        let answer = tokio::time::timeout(Duration::from_millis(150), call).await;
        // Either the collector said that the time is over, or this side gave up first.
        if let Ok(Ok(answer)) = answer {
            assert_eq!(answer.code, Some(4), "{}", answer.message);
        }
    }
    sink.wait_for_requests(1).await;
    collector
        .wait_for_metric("otelcol_ledger_held_items", &[], |held| held == 0.0)
        .await;
    let good = samples::numbered(Signal::Traces, 1_000, 3);
    assert_eq!(http::export(collector.http(), &good).await.status, 200);
    collector.stop().await;
    assert!(Items::of([&good]).without(&sink.items()).is_empty());
}

/// Many clients that send one byte and then nothing: others are served meanwhile, and what the
/// collector holds when it stops still goes out, however long it waits for them.
#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn slow_clients_hold_nobody_up() {
    let sink = Sink::start().await;
    let collector = Launch::of(&Binary::headwater())
        .config(yaml::OTLP_IN)
        .config(yaml::GRPC_OUT)
        .config("processors:\n  batch:\n    timeout: 1m\n    send_batch_size: 100000\n")
        .config(&yaml::pipelines("batch", "otlp_grpc"))
        .arg("--shutdown-timeout")
        .arg("6s")
        .env("SINK", sink.address())
        .start()
        .await;
    let mut slow = Vec::new();
    for number in 0..300 {
        let to = if number % 2 == 0 {
            collector.grpc()
        } else {
            collector.http()
        };
        let mut stream = TcpStream::connect(to).await.unwrap();
        let start: &[u8] = match number % 3 {
            0 => b"P",
            1 => {
                b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                   Content-Length: 1000\r\n\r\n{"
            }
            _ => b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        };
        stream.write_all(start).await.unwrap();
        slow.push(stream);
    }
    still_fine(collector, sink, &Items::default()).await;
    drop(slow);
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn bombs_and_depths_are_refused_within_memory() {
    let sink = Sink::start().await;
    let collector = start(&sink).await;
    // A thousand times as much as it looks, and more than the limits of both.
    let bomb = Encoding::Gzip.encode(&vec![0; 100 << 20]);
    let request = Request::protobuf(Signal::Traces, Bytes::from(bomb.clone()));
    let answer = request
        .with("content-encoding", "gzip")
        .send(collector.http())
        .await
        .unwrap();
    assert_eq!(answer.status, 400, "{}", answer.text());
    let client = grpc::Client::connect(collector.grpc()).await.unwrap();
    let frame = grpc::frame(true, &bomb);
    let headers = [("grpc-encoding", "gzip")];
    let answer = client
        .call(Signal::Traces.method(), &headers, frame)
        .await
        .unwrap();
    assert_eq!(answer.code, Some(8), "{}", answer.message);

    // Lists in lists, deep enough to overflow a stack that follows them.
    let deep = |open: &str, inner: &str, close: &str| {
        let levels = 100_000;
        open.repeat(levels) + inner + &close.repeat(levels)
    };
    let value = deep(r#"{"arrayValue":{"values":["#, "{}", "]}}");
    let json =
        format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{value}}}]}}]}}]}}"#);
    let answer = Request::json(Signal::Logs, json)
        .send(collector.http())
        .await
        .unwrap();
    assert_eq!(answer.status, 400, "{}", answer.text());
    let answer = Request::json(Signal::Logs, deep("[", "", "]"))
        .send(collector.http())
        .await
        .unwrap();
    assert_eq!(answer.status, 400, "{}", answer.text());
    let answer = Request::json(Signal::Logs, deep(r#"{"a":"#, "1", "}"))
        .send(collector.http())
        .await
        .unwrap();
    assert!(matches!(answer.status, 200 | 400), "{}", answer.text());

    let peak = collector.peak_memory() >> 20;
    assert!(peak < 200, "{peak} MiB at the peak");
    still_fine(collector, sink, &Items::default()).await;
}

/// Text that is no UTF-8 goes through as it is, alone and in a batch, as in the Collector.
#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn text_that_is_no_utf8_harms_nobody() {
    let sink = Sink::start().await;
    let collector = start(&sink).await;
    // resource_spans, scope_spans, spans, name.
    let bad = b"\x0a\x08\x12\x06\x12\x04\x2a\x02\xff\xfe";
    let answer = grpc::export(collector.grpc(), Signal::Traces, bad)
        .await
        .unwrap();
    assert_eq!(answer.code, Some(0), "{}", answer.message);
    wait::until("the odd request", || {
        (!sink.problems().is_empty()).then_some(())
    })
    .await;
    collector.stop().await;
    assert_eq!(sink.problems().len(), 1, "{:?}", sink.problems());
}
