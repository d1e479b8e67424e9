//! A started receiver in front of one recorder per signal.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_config::testing::decode;
use headwater_core::bytes::Bytes;
use headwater_core::graph::Environment;
use headwater_core::{Budget, Outputs, Receiver, Signal};
use headwater_receiver_otlp::{Config, factory};
use headwater_testkit::{Generator, Recorder, Shape, environment, host_with};

pub(crate) struct Setup {
    pub(crate) environment: Environment,
    pub(crate) grpc: String,
    pub(crate) http: String,
    pub(crate) recorder: Recorder,
    receiver: Arc<dyn Receiver>,
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

impl Setup {
    /// Serves `signals` over both protocols; `http_keys` are more keys of the HTTP section.
    pub(crate) async fn new(signals: &[Signal], http_keys: &str, limit: usize) -> Self {
        let (grpc, http) = (
            format!("127.0.0.1:{}", free_port()),
            format!("127.0.0.1:{}", free_port()),
        );
        let yaml = format!(
            "protocols: {{grpc: {{endpoint: \"{grpc}\"}}, http: {{endpoint: \"{http}\"{http_keys}}}}}"
        );
        let (config, _) = decode::<Config>(&yaml).unwrap();
        let mut environment = environment();
        environment.budget = Budget::new(limit);
        let recorder = Recorder::new();
        let mut outputs = Outputs::new();
        for signal in signals {
            outputs = outputs.with(*signal, Arc::new(recorder.clone()));
        }
        let kind = headwater_core::ComponentKind::Receiver;
        let settings = environment.settings(kind, &"otlp".parse().unwrap());
        let receiver = factory()
            .build_receiver(settings, &config, outputs)
            .unwrap();
        let host = host_with(
            std::collections::BTreeMap::new(),
            environment.budget.clone(),
        );
        receiver.start(&host).await.unwrap();
        Self {
            environment,
            grpc,
            http,
            recorder,
            receiver,
        }
    }

    pub(crate) async fn all_signals() -> Self {
        Self::new(&Signal::ALL, "", usize::MAX).await
    }

    pub(crate) async fn stop(self) {
        self.receiver
            .shutdown(Instant::now() + Duration::from_secs(5))
            .await
            .unwrap();
        assert_eq!(self.environment.ledger.imbalance(), 0);
        drop(self.receiver);
        drop(self.recorder);
        assert_eq!(
            self.environment.budget.held(),
            0,
            "every byte was given back"
        );
    }
}

pub(crate) fn request(signal: Signal, items: usize) -> Bytes {
    Generator::new(1).request(signal, Shape::of(items)).into()
}
