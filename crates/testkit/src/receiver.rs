//! A receiver under test that listens, with its surroundings.

#![expect(
    clippy::unwrap_used,
    reason = "only tests use it, which fail by panicking"
)]

use std::collections::BTreeMap;
use std::fmt;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::time::Instant;

use headwater_core::graph::Environment;
use headwater_core::ledger::Balance;
use headwater_core::{AnyConfig, Budget, ComponentKind, Factory, Outputs, Receiver, Signal};

use crate::{PATIENCE, Recorder, environment, host_with, metric};

/// How often a receiver is started whose port somebody else was given meanwhile.
const TRIES: usize = 10;

/// What a receiver is started with.
#[derive(Debug)]
pub struct ReceiverBuilder {
    factory: Factory,
    signals: Vec<Signal>,
    recorder: Recorder,
    budget: usize,
}

impl ReceiverBuilder {
    /// A receiver of these signals, with a recorder that takes everything and a budget without
    /// limit.
    #[must_use]
    pub fn new(factory: Factory, signals: &[Signal]) -> Self {
        Self {
            factory,
            signals: signals.to_vec(),
            recorder: Recorder::new(),
            budget: usize::MAX,
        }
    }

    /// What it hands to.
    #[must_use]
    pub fn recorder(mut self, recorder: Recorder) -> Self {
        self.recorder = recorder;
        self
    }

    /// How many bytes may be held.
    #[must_use]
    pub const fn budget(mut self, bytes: usize) -> Self {
        self.budget = bytes;
        self
    }

    /// Starts the receiver; `config` says what listens at these addresses of loopback, at which
    /// nobody else does.
    ///
    /// # Panics
    /// If it cannot be built or started.
    pub async fn listening<C: AnyConfig, const N: usize>(
        self,
        config: impl Fn([SocketAddr; N]) -> C,
    ) -> ReceiverSetup<N> {
        let id = self.factory.component_type().parse().unwrap();
        let mut tries = 0;
        loop {
            let addresses = free_addresses();
            let mut environment = environment();
            environment.budget = Budget::new(self.budget);
            let settings = environment.settings(ComponentKind::Receiver, &id);
            let mut outputs = Outputs::new();
            for signal in &self.signals {
                outputs = outputs.with(*signal, Arc::new(self.recorder.clone()));
            }
            let config = config(addresses);
            let receiver = self.factory.build_receiver(settings, &config, outputs);
            let receiver = receiver.unwrap();
            let host = host_with(BTreeMap::new(), environment.budget.clone());
            tries += 1;
            match receiver.start(&host).await {
                Ok(()) => {
                    return ReceiverSetup {
                        environment,
                        recorder: self.recorder,
                        addresses,
                        receiver,
                    };
                }
                // Somebody else was given one of the ports.
                Err(_) if tries < TRIES => {}
                Err(error) => panic!("{error:?}"),
            }
        }
    }
}

/// A started receiver in front of a recorder.
pub struct ReceiverSetup<const N: usize = 1> {
    /// Its books and instruments.
    pub environment: Environment,
    /// What it hands to.
    pub recorder: Recorder,
    /// Where it listens.
    pub addresses: [SocketAddr; N],
    receiver: Arc<dyn Receiver>,
}

impl ReceiverSetup<1> {
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.addresses[0]
    }
}

impl<const N: usize> ReceiverSetup<N> {
    /// The books of the receiver.
    ///
    /// # Panics
    /// If there are none.
    #[must_use]
    pub fn ledger(&self) -> Balance {
        let mut balances = self.environment.ledger.balances();
        balances.pop_first().unwrap().1
    }

    /// The sum of the receiver's metric called `otelcol_receiver_<name>`.
    #[must_use]
    pub fn metric(&self, name: &str) -> f64 {
        metric(&self.environment, &format!("otelcol_receiver_{name}"))
    }

    /// Shuts the receiver down; the books must balance.
    ///
    /// # Panics
    /// If it fails or they do not.
    pub async fn stop(&self) {
        let deadline = Instant::now() + PATIENCE;
        self.receiver.shutdown(deadline).await.unwrap();
        let ledger = &self.environment.ledger;
        assert_eq!(ledger.imbalance(), 0, "{ledger:?}");
    }

    /// The same, and every byte must have been given back once what was received is dropped. The
    /// recorder may have no clones.
    ///
    /// # Panics
    /// As [`ReceiverSetup::stop`], and if bytes are held.
    pub async fn stop_and_release(self) {
        self.stop().await;
        drop((self.receiver, self.recorder));
        let held = self.environment.budget.held();
        assert_eq!(held, 0, "every byte was given back");
    }
}

impl<const N: usize> fmt::Debug for ReceiverSetup<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiverSetup")
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}

/// Different addresses of loopback whose ports are free, for TCP as well as for UDP.
fn free_addresses<const N: usize>() -> [SocketAddr; N] {
    let both = || {
        let tcp = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let udp = UdpSocket::bind(tcp.local_addr().unwrap());
        udp.ok().map(|udp| (tcp, udp))
    };
    // All of them are held until each has its own.
    let held: [_; N] = std::array::from_fn(|_| (0..100).find_map(|_| both()).unwrap());
    held.each_ref().map(|(tcp, _)| tcp.local_addr().unwrap())
}
