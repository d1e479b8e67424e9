//! A started receiver in front of one recorder of all signals.

use std::net::SocketAddr;
use std::ops::Deref;

use headwater_config::testing::decode;
use headwater_core::Signal;
use headwater_core::bytes::Bytes;
use headwater_receiver_otlp::{Config, factory};
use headwater_testkit::{Generator, ReceiverBuilder, ReceiverSetup, Shape};

pub(crate) struct Setup(ReceiverSetup<2>);

impl Deref for Setup {
    type Target = ReceiverSetup<2>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Setup {
    /// Serves `signals` over both protocols; `http_keys` are more keys of the HTTP section, `limit`
    /// how many bytes may be held.
    pub(crate) async fn new(signals: &[Signal], http_keys: &str, limit: usize) -> Self {
        let config = |[grpc, http]: [SocketAddr; 2]| {
            let yaml = format!(
                "protocols: {{grpc: {{endpoint: \"{grpc}\"}}, http: {{endpoint: \"{http}\"{http_keys}}}}}"
            );
            decode::<Config>(&yaml).unwrap().0
        };
        let builder = ReceiverBuilder::new(factory(), signals).budget(limit);
        Self(builder.listening(config).await)
    }

    pub(crate) async fn all_signals() -> Self {
        Self::new(&Signal::ALL, "", usize::MAX).await
    }

    /// Where it listens for gRPC.
    pub(crate) fn grpc(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// Where it listens for HTTP.
    pub(crate) fn http(&self) -> SocketAddr {
        self.addresses[1]
    }

    pub(crate) async fn stop(self) {
        self.0.stop_and_release().await;
    }
}

pub(crate) fn request(signal: Signal, items: usize) -> Bytes {
    Generator::new(1).request(signal, Shape::of(items)).into()
}
