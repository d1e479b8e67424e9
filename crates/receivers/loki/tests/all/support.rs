//! A receiver, and a client that pushes to it.

use std::net::SocketAddr;
use std::ops::Deref;

use headwater_core::Signal;
use headwater_core::config::Optional;
use headwater_core::pdata::view::LogsData;
use headwater_loki::push::from_json;
use headwater_loki::snappy::Compressor;
use headwater_receiver_loki::{Config, factory};
use headwater_testkit::{HttpAnswer, ReceiverBuilder, ReceiverSetup, http_request};
use headwater_transport::config::{GrpcServerConfig, HttpServerConfig};

/// A receiver that listens for HTTP and gRPC.
pub(crate) struct Setup(ReceiverSetup<2>);

impl Deref for Setup {
    type Target = ReceiverSetup<2>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Setup {
    pub(crate) async fn new(change: impl Fn(&mut Config)) -> Self {
        let config = |[http, grpc]: [SocketAddr; 2]| {
            let mut config = Config::default();
            config.protocols.http = Optional::Some(HttpServerConfig::new(http.to_string()));
            config.protocols.grpc = Optional::Some(GrpcServerConfig::new(grpc.to_string()));
            change(&mut config);
            config
        };
        let builder = ReceiverBuilder::new(factory(), &[Signal::Logs]);
        Self(builder.listening(config).await)
    }

    /// Where it listens for gRPC.
    pub(crate) fn grpc(&self) -> SocketAddr {
        self.addresses[1]
    }

    /// Sends one request; `head` is method and path, and headers behind a line end.
    pub(crate) async fn request(&self, head: &str, body: &[u8]) -> HttpAnswer {
        let (line, headers) = head.split_once("\r\n").unwrap_or((head, ""));
        http_request(self.addresses[0], line, headers, body).await
    }

    /// Posts JSON.
    pub(crate) async fn push(&self, json: &str) -> HttpAnswer {
        let head = "POST /loki/api/v1/push\r\nContent-Type: application/json; charset=utf-8\r\n";
        self.request(head, json.as_bytes()).await
    }

    /// Every record that came: attributes of resource and record, body, whether the time is that of
    /// its entry.
    pub(crate) fn records(&self) -> Vec<String> {
        let mut all = Vec::new();
        for batch in self.recorder.batches() {
            let bytes = batch.payload().to_contiguous();
            let counted = headwater_core::pdata::count_items(Signal::Logs, &bytes).unwrap();
            assert_eq!(counted, batch.items());
            for entry in LogsData::new(&bytes).resource_logs() {
                let resource = entry.resource().attributes().to_string();
                for scope in entry.scope_logs() {
                    for record in scope.log_records() {
                        assert!(record.observed_time_unix_nano() > 1_600_000_000_000_000_000);
                        let arrival = record.time_unix_nano() == record.observed_time_unix_nano();
                        let time = if arrival { 0 } else { record.time_unix_nano() };
                        all.push(format!(
                            "{resource} {} {} {time}",
                            record.attributes(),
                            record.body()
                        ));
                    }
                }
            }
        }
        all
    }
}

/// A push message of what JSON says.
pub(crate) fn protobuf(json: &str) -> Vec<u8> {
    from_json(json.as_bytes()).unwrap()
}

/// The same compressed with snappy.
pub(crate) fn snappy(json: &str) -> Vec<u8> {
    Compressor::default().compress(&protobuf(json)).unwrap()
}
