//! The connector: what callers and the graph of pipelines see.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use headwater_aggregation::{Emitter, Periodic};
use headwater_core::bytes::Bytes;
use headwater_core::ledger::Account;
use headwater_core::{
    Batch, Component, ComponentError, Connector, ConsumeError, Consumer, Host, Settings, Signal,
};
use tokio::time::Instant;

use crate::config::ServiceGraphConfig;
use crate::graph::{Graph, Plan};
use crate::instruments::Instruments;

pub(crate) struct ServiceGraph {
    account: Account,
    state: Arc<State>,
    periodic: Periodic,
}

/// Shared by the callers and the tasks.
struct State {
    plan: Plan,
    /// By tenant.
    graphs: Mutex<HashMap<Option<Box<str>>, Graph>>,
    emitter: Emitter,
}

impl ServiceGraph {
    pub(crate) fn new(
        settings: Settings,
        config: ServiceGraphConfig,
        next: Arc<dyn Consumer>,
    ) -> Self {
        let periodic = Periodic::default();
        Self {
            account: settings.account.clone(),
            state: Arc::new(State {
                plan: Plan::new(config, Instruments::new(&settings)),
                graphs: Mutex::default(),
                emitter: Emitter::new(settings, next, periodic.stopping()),
            }),
            periodic,
        }
    }

    fn every(&self, host: &Host, interval: Duration, act: fn(&State)) {
        let state = Arc::clone(&self.state);
        self.periodic.start(host, interval, move || {
            act(&state);
            std::future::ready(())
        });
    }
}

impl State {
    fn graphs(&self) -> MutexGuard<'_, HashMap<Option<Box<str>>, Graph>> {
        self.graphs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn each(&self, act: impl Fn(&mut Graph, &Plan, Instant)) {
        let now = Instant::now();
        for graph in self.graphs().values_mut() {
            act(graph, &self.plan, now);
        }
    }

    fn clean(&self) {
        self.each(|graph, _, now| graph.clean(now));
        self.graphs().retain(|_, graph| !graph.is_idle());
    }

    /// Looks at the spans of `batch`; says how many were dropped.
    fn take(&self, batch: &Batch) -> usize {
        let mut graphs = self.graphs();
        let context = batch.context();
        let tenant: Option<Box<str>> = context.tenant().map(Into::into);
        let most = self.plan.config.max_tenants as usize;
        if graphs.len() >= most && !graphs.contains_key(&tenant) {
            self.plan
                .instruments
                .dropped_spans
                .add(batch.items() as u64);
            return batch.items();
        }
        let new = || Graph::new(&self.plan, context.retain(&[]));
        let graph = graphs.entry(tenant).or_insert_with(new);
        let now = Instant::now();
        let requests = batch.payload().segments();
        requests
            .map(|request| graph.request(&self.plan, request, now))
            .sum()
    }

    async fn flush(&self) {
        let batches: Vec<Batch> = self
            .graphs()
            .values()
            .map(|graph| (graph.write(&self.plan), graph.context.clone()))
            .filter(|((_, points), _)| *points > 0)
            .map(|((bytes, points), context)| {
                Batch::new(Signal::Metrics, Bytes::from(bytes), points).with_context(context)
            })
            .collect();
        for batch in batches {
            // The next flush says the same and more, so there is no use in waiting.
            self.emitter.emit(batch, Duration::ZERO).await;
        }
    }
}

#[async_trait]
impl Consumer for ServiceGraph {
    async fn consume(&self, batch: Batch) -> Result<(), ConsumeError> {
        let dropped = self.state.take(&batch).min(batch.items());
        // The spans end here; what goes on is metrics.
        self.account.received(batch.items());
        self.account.dropped(dropped, "store_full");
        self.account.filtered(batch.items() - dropped);
        drop(batch);
        if self.state.plan.config.metrics_flush_interval.is_zero() {
            self.state.flush().await;
        }
        Ok(())
    }
}

#[async_trait]
impl Component for ServiceGraph {
    async fn start(&self, host: &Host) -> Result<(), ComponentError> {
        let config = &self.state.plan.config;
        self.every(host, config.store_expiration_loop, |state| {
            state.each(Graph::expire);
        });
        self.every(host, config.cache_loop, State::clean);
        if !config.metrics_flush_interval.is_zero() {
            let state = Arc::clone(&self.state);
            self.periodic
                .start(host, config.metrics_flush_interval, move || {
                    let state = Arc::clone(&state);
                    async move { state.flush().await }
                });
        }
        Ok(())
    }

    async fn shutdown(&self, deadline: std::time::Instant) -> Result<(), ComponentError> {
        self.periodic.stop(deadline).await;
        self.state.each(Graph::expire_all);
        let last = self.state.flush();
        if tokio::time::timeout_at(deadline.into(), last)
            .await
            .is_err()
        {
            return Err(ComponentError::new(
                "cannot send the last metrics: the time for shutting down is over",
            ));
        }
        Ok(())
    }
}

impl Connector for ServiceGraph {}
