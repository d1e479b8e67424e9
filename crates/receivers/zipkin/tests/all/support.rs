//! A started receiver in front of a recorder, and requests byte by byte.

use std::net::SocketAddr;
use std::ops::Deref;

use headwater_config::testing::decode;
use headwater_core::pdata::{count_items, json};
use headwater_core::{Batch, Signal};
use headwater_receiver_zipkin::{Config, factory};
use headwater_testkit::{HttpAnswer, ReceiverBuilder, ReceiverSetup, http_request};

pub(crate) const JSON: &str = "Content-Type: application/json\r\n";
pub(crate) const PROTOBUF: &str = "Content-Type: application/x-protobuf\r\n";
pub(crate) const THRIFT: &str = "Content-Type: application/x-thrift\r\n";

pub(crate) struct Setup(ReceiverSetup);

impl Deref for Setup {
    type Target = ReceiverSetup;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Setup {
    /// `keys` are more keys of the configuration.
    pub(crate) async fn new(keys: &str) -> Self {
        let config = |[address]: [SocketAddr; 1]| {
            let yaml = format!("{{endpoint: \"{address}\"{keys}}}");
            decode::<Config>(&yaml).unwrap().0
        };
        let builder = ReceiverBuilder::new(factory(), &[Signal::Traces]).budget(1 << 30);
        Self(builder.listening(config).await)
    }

    pub(crate) async fn send(&self, line: &str, headers: &str, body: &[u8]) -> HttpAnswer {
        http_request(self.address(), line, headers, body).await
    }

    /// Posts a request that must be taken; the telemetry that it becomes, as OTLP/JSON.
    pub(crate) async fn taken(&self, path: &str, headers: &str, body: &[u8]) -> String {
        let answer = self.send(&format!("POST {path}"), headers, body).await;
        assert_eq!((answer.status, answer.text()), (202, ""), "{answer:?}");
        to_json(self.recorder.batches().last().unwrap())
    }

    /// The same for v2 as JSON; single quotes stand for double ones.
    pub(crate) async fn v2(&self, body: &str) -> String {
        let body = body.replace('\'', "\"");
        self.taken("/api/v2/spans", JSON, body.as_bytes()).await
    }

    /// The same for v1.
    pub(crate) async fn v1(&self, body: &str) -> String {
        let body = body.replace('\'', "\"");
        self.taken("/api/v1/spans", JSON, body.as_bytes()).await
    }

    pub(crate) async fn stop(self) {
        self.0.stop_and_release().await;
    }
}

/// A batch as OTLP/JSON with single quotes, without empty statuses; its count must be right.
fn to_json(batch: &Batch) -> String {
    let bytes = batch.payload().to_contiguous();
    assert_eq!(count_items(Signal::Traces, &bytes).unwrap(), batch.items());
    let mut text = Vec::new();
    json::to_json(Signal::Traces, batch.payload(), &mut text).unwrap();
    let text = String::from_utf8(text).unwrap().replace('"', "'");
    text.replace(",'status':{}", "")
}

/// The spans of a request, without resources and scopes.
pub(crate) fn spans(json: &str) -> &str {
    let start = json.find("'spans':[").unwrap() + "'spans':[".len();
    json[start..].strip_suffix("]}]}]}").unwrap()
}
