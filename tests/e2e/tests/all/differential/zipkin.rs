//! Spans of Zipkin, case by case: what they become, and which requests are refused.
//!
//! The cases are in `fixtures/zipkin.json`; each is sent to a receiver that leaves tags as they are
//! and to one that parses them.

use headwater_e2e::http::Request;
use headwater_e2e::{Binary, Collector, Items, Launch, Signal, Sink, yaml};
use serde_json::Value;

const CASES: &str = include_str!("../../../fixtures/zipkin.json");

const CONFIG: &str = "
receivers:
  zipkin:
    endpoint: 127.0.0.1:${env:HTTP_PORT}
    parse_string_tags: false
  zipkin/parse:
    endpoint: 127.0.0.1:${env:GRPC_PORT}
    parse_string_tags: true
service:
  pipelines:
    traces:
      receivers: [zipkin, zipkin/parse]
      exporters: [otlp_http]
";

struct Side {
    collector: Collector,
    sink: Sink,
}

impl Side {
    async fn start(binary: &Binary) -> Self {
        let sink = Sink::start().await;
        let launch = Launch::of(binary).config(CONFIG).config(yaml::HTTP_OUT);
        let collector = launch.env("SINK", sink.address()).start().await;
        Self { collector, sink }
    }

    /// Sends a case to the receiver that parses or not: the status, and what arrived.
    async fn send(&self, case: &Value, parses: bool) -> (u16, Items) {
        let before = self.sink.requests().len();
        let body = serde_json::to_vec(&case["body"]).unwrap();
        let mut request = Request::json(Signal::Traces, body);
        case["path"].as_str().unwrap().clone_into(&mut request.path);
        let to = if parses {
            self.collector.grpc()
        } else {
            self.collector.http()
        };
        let answer = request.send(to).await.unwrap();
        let arrived = self.sink.requests();
        let arrived = Items::of(arrived[before..].iter().map(|request| &request.message));
        (answer.status, arrived)
    }
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn zipkin_is_translated_the_same() {
    let ours = Side::start(&Binary::headwater()).await;
    let theirs = Side::start(&Binary::otelcol()).await;
    let cases: Value = serde_json::from_str(CASES).unwrap();
    let mut wrong = Vec::new();
    for case in cases.as_array().unwrap() {
        for parses in [false, true] {
            let (our_status, our_items) = ours.send(case, parses).await;
            let (their_status, their_items) = theirs.send(case, parses).await;
            let difference = our_items.difference(&their_items);
            if our_status != their_status || difference.is_some() {
                wrong.push(format!(
                    "{} (parses: {parses}): theirs {their_status}, ours {our_status}\n{}",
                    case["name"],
                    difference.unwrap_or_default()
                ));
            }
        }
    }
    ours.collector.stop().await;
    theirs.collector.stop().await;
    assert!(
        wrong.is_empty(),
        "{} are translated differently:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
