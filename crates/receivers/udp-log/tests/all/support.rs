//! A started receiver.

use headwater_config::testing::decode;
use headwater_core::Signal;
use headwater_receiver_udp_log::{Config, factory};
use headwater_testkit::{ReceiverBuilder, ReceiverSetup, Recorder};

/// Starts a receiver; `{address}` in `yaml` stands for where it listens.
pub(crate) async fn start(yaml: &str) -> ReceiverSetup {
    start_with(yaml, Recorder::new()).await
}

pub(crate) async fn start_with(yaml: &str, recorder: Recorder) -> ReceiverSetup {
    let config = |[address]: [std::net::SocketAddr; 1]| {
        let yaml = yaml.replace("{address}", &address.to_string());
        let decoded = decode::<Config>(&yaml);
        decoded.unwrap_or_else(|errors| panic!("{errors}")).0
    };
    ReceiverBuilder::new(factory(), &[Signal::Logs])
        .recorder(recorder)
        .listening(config)
        .await
}
