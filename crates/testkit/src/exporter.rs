//! An exporter under test, with its surroundings and something to send.

#![expect(
    clippy::unwrap_used,
    reason = "only tests use it, which fail by panicking"
)]

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_core::bytes::Bytes;

use headwater_core::graph::Environment;
use headwater_core::ledger::Balance;
use headwater_core::status::Status;
use headwater_core::{AnyConfig, Batch, ComponentKind, Exporter, Factory, Signal};

use crate::{Generator, Shape, environment, host, metric};

/// Nothing on loopback takes this long.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// An exporter of one signal with its books, and a generator of requests.
pub struct ExporterSetup {
    /// Its books and instruments.
    pub environment: Environment,
    /// The exporter.
    pub exporter: Arc<dyn Exporter>,
    generator: Generator,
    signal: Signal,
}

impl ExporterSetup {
    /// Builds the exporter; does not start it.
    ///
    /// # Panics
    /// If it cannot be built; so do all methods on any failure.
    #[must_use]
    pub fn built(factory: &Factory, signal: Signal, config: &dyn AnyConfig) -> Self {
        let environment = environment();
        let id = factory.component_type().parse().unwrap();
        let settings = environment.signal_settings(ComponentKind::Exporter, &id, signal);
        settings.status.report(Status::Starting);
        Self {
            exporter: factory.build_exporter(settings, config).unwrap(),
            environment,
            generator: Generator::new(3),
            signal,
        }
    }

    /// Builds and starts the exporter.
    pub async fn started(factory: &Factory, signal: Signal, config: &dyn AnyConfig) -> Self {
        let setup = Self::built(factory, signal, config);
        setup.exporter.start(&host()).await.unwrap();
        setup
    }

    /// A batch of as many items.
    pub fn request(&mut self, items: usize) -> Batch {
        let bytes = self.generator.request(self.signal, Shape::of(items));
        Batch::new(self.signal, Bytes::from(bytes), items)
    }

    /// Hands such a batch to the exporter; the result is its bytes.
    pub async fn send(&mut self, items: usize) -> Bytes {
        let batch = self.request(items);
        let bytes = batch.payload().to_contiguous();
        self.exporter.consume(batch).await.unwrap();
        bytes
    }

    /// Hands a batch to the exporter.
    pub async fn consume(&self, batch: Batch) {
        self.exporter.consume(batch).await.unwrap();
    }

    /// Waits until the books are as `condition` wants them, at most [`PATIENCE`].
    pub async fn eventually(&self, what: &str, condition: impl Fn(&Balance) -> bool) {
        let waiting = async {
            while !condition(&self.ledger()) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, waiting).await;
        assert!(in_time.is_ok(), "{what}: {:?}", self.ledger());
    }

    /// Waits until every item has been sent or given up; returns the books, which must balance.
    pub async fn done(&self) -> Balance {
        self.eventually("done", |books| books.held == 0).await;
        assert_eq!(self.ledger().imbalance(), 0, "{:?}", self.ledger());
        self.ledger()
    }

    /// The same, then shuts the exporter down.
    pub async fn finish(&self) -> Balance {
        self.done().await;
        self.stop().await
    }

    /// Shuts the exporter down; nothing may be held afterwards and the books must balance.
    pub async fn stop_within(&self, time: Duration) -> Balance {
        self.exporter.shutdown(Instant::now() + time).await.unwrap();
        let ledger = self.ledger();
        assert_eq!((ledger.held, ledger.imbalance()), (0, 0), "{ledger:?}");
        ledger
    }

    /// The same within [`PATIENCE`].
    pub async fn stop(&self) -> Balance {
        self.stop_within(PATIENCE).await
    }

    /// The books of the exporter.
    #[must_use]
    pub fn ledger(&self) -> Balance {
        let mut balances = self.environment.ledger.balances();
        balances.pop_first().unwrap().1
    }

    /// How the exporter says it is.
    #[must_use]
    pub fn status(&self) -> Status {
        let statuses = self.environment.statuses.snapshot();
        statuses.values().next().unwrap().status
    }

    /// The sum of the exporter's metric called `otelcol_exporter_<name>`.
    #[must_use]
    pub fn metric(&self, name: &str) -> f64 {
        metric(&self.environment, &format!("otelcol_exporter_{name}"))
    }
}

impl fmt::Debug for ExporterSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExporterSetup")
            .field("signal", &self.signal)
            .finish_non_exhaustive()
    }
}
