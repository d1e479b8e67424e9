//! A collector that runs.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use headwater_core::graph::Topology;
use headwater_core::ledger::{Balance, Ledger};
use headwater_core::status::Instance;
use headwater_core::telemetry::Telemetry;
use headwater_core::{ComponentError, ComponentKind, Runtime, Task};

use super::Shared;
use super::endpoints::Endpoints;
use crate::generation::Generation;
use crate::load::Configuration;
use crate::metrics::Exposition;
use crate::telemetry::PrometheusConfig;

/// A collector that runs. Dropping it without [`RunningCollector::shutdown`] leaves its tasks to
/// the runtime and loses what they hold.
pub struct RunningCollector {
    pub(super) shared: Arc<Shared>,
    pub(super) runtime: Arc<dyn Runtime>,
    pub(super) generation: Arc<Generation>,
    /// What a reload that was broken off had begun to start.
    pub(super) starting: Option<Arc<Generation>>,
    /// Earlier generations on their way out.
    pub(super) draining: Vec<Task>,
    pub(super) configuration: Configuration,
    pub(super) endpoints: Endpoints,
}

/// How a shutdown went.
#[derive(Debug)]
#[must_use = "it says what was lost"]
pub struct Shutdown {
    /// What components said; empty if all went well.
    pub errors: Vec<ComponentError>,
    /// The books of every component.
    pub balances: BTreeMap<Instance, Balance>,
}

impl Shutdown {
    /// Items that are still held or were dropped, over all components.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.balances
            .values()
            .map(|balance| balance.dropped.values().sum::<u64>() + balance.held.max(0) as u64)
            .sum()
    }
}

impl RunningCollector {
    /// The books of every component.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.shared.ledger
    }

    /// The instruments of every component.
    #[must_use]
    pub fn telemetry(&self) -> &Telemetry {
        &self.shared.telemetry
    }

    /// The components and how they are connected.
    #[must_use]
    pub fn topology(&self) -> &Topology {
        self.generation.topology()
    }

    /// Own metrics as Prometheus text, at the configured level.
    #[must_use]
    pub fn prometheus_text(&self) -> String {
        let telemetry = &self.configuration.telemetry;
        let resource = self.shared.resource(&self.configuration);
        let version = &self.shared.build_info.version;
        let (sources, level) = (&self.shared.sources, telemetry.metrics.level.into());
        Exposition::new(&PrometheusConfig::default(), &resource, version)
            .write(&sources.read(level), &sources.read_open(level))
    }

    /// Where own metrics are served; empty unless asked for.
    #[must_use]
    pub fn metrics_addresses(&self) -> Vec<SocketAddr> {
        self.endpoints.addresses().collect()
    }

    /// Waits until a component says that it cannot go on, and why. The collector should then be
    /// shut down.
    ///
    /// # Cancel safety
    /// Nothing is lost when the future is dropped.
    pub async fn failed(&mut self) -> String {
        self.generation.failed().await
    }

    /// Stops receivers, waits for what is in hand to flow out, stops everything. Takes at most
    /// the configured timeout.
    pub async fn shutdown(self) -> Shutdown {
        let deadline = self.shared.deadline();
        self.shutdown_by(deadline).await
    }

    /// As [`RunningCollector::shutdown`], with a deadline.
    pub async fn shutdown_by(self, deadline: Instant) -> Shutdown {
        tracing::info!("Starting shutdown...");
        let (mut errors, unfinished, ()) = tokio::join!(
            self.generation.shutdown(deadline),
            async {
                match &self.starting {
                    Some(generation) => generation.shutdown(deadline).await,
                    None => Vec::new(),
                }
            },
            join_until(self.draining, deadline),
        );
        errors.extend(unfinished);
        log_shutdown_errors(&errors);
        let mut balances = self.shared.ledger.balances();
        // Extensions see no telemetry.
        balances.retain(|instance, _| instance.kind != ComponentKind::Extension);
        for (instance, balance) in &balances {
            log_balance(instance, balance);
        }
        tracing::info!("Shutdown complete.");
        Shutdown { errors, balances }
    }
}

impl fmt::Debug for RunningCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningCollector")
            .field("topology", self.topology())
            .finish_non_exhaustive()
    }
}

/// Generations keep deadlines of their own; those of a reload are no reason to stay longer.
async fn join_until(tasks: Vec<Task>, deadline: Instant) {
    let all = async {
        for task in tasks {
            task.join().await;
        }
    };
    if tokio::time::timeout_at(deadline.into(), all).await.is_err() {
        tracing::error!("Pipelines of an earlier configuration were still draining");
    }
}

pub(super) fn log_shutdown_errors(errors: &[ComponentError]) {
    for error in errors {
        tracing::error!(
            error = error as &dyn std::error::Error,
            "Failed to shut down"
        );
    }
}

/// One line per component: loud when something is missing.
fn log_balance(instance: &Instance, balance: &Balance) {
    let dropped: u64 = balance.dropped.values().sum();
    let reasons: Vec<String> = balance
        .dropped
        .iter()
        .map(|(reason, items)| format!("{reason}: {items}"))
        .collect();
    let (reasons, imbalance) = (reasons.join(", "), balance.imbalance());
    let (id, kind) = (&instance.id, instance.kind.as_str());
    let part = Some(instance.part.as_str()).filter(|part| !part.is_empty());
    let Balance {
        received,
        created,
        sent,
        filtered,
        held,
        ..
    } = balance;
    if dropped == 0 && *held == 0 && imbalance == 0 {
        tracing::info!(
            otelcol.component.id = %id,
            otelcol.component.kind = kind,
            part,
            received,
            created,
            sent,
            filtered,
            "Balance"
        );
    } else {
        tracing::warn!(
            otelcol.component.id = %id,
            otelcol.component.kind = kind,
            part,
            received,
            created,
            sent,
            filtered,
            dropped,
            reasons,
            held,
            imbalance,
            "Balance: items were lost"
        );
    }
}
