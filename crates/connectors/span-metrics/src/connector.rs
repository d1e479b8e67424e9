//! The connector: what callers and the graph see.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use headwater_aggregation::{Emitter, Periodic, now_unix_nano, span};
use headwater_core::ledger::Account;
use headwater_core::{
    Batch, Component, ComponentError, Connector, ConsumeError, Consumer, Context, Host, Settings,
};
use tokio::time::Instant;

use crate::aggregator::{Aggregator, Now, Plan};
use crate::write::Flush;

pub(crate) struct SpanMetrics {
    account: Account,
    state: Arc<State>,
    periodic: Periodic,
    interval: Duration,
}

/// Shared by the callers and the task that flushes.
struct State {
    aggregator: Mutex<Aggregator>,
    /// When the connector was made.
    base: Instant,
    emitter: Emitter,
    /// How long metrics that cannot be sent are offered again. Cumulative ones are not: the next
    /// ones say the same.
    patience: Duration,
}

impl SpanMetrics {
    pub(crate) fn new(settings: Settings, plan: Plan, next: Arc<dyn Consumer>) -> Self {
        let periodic = Periodic::default();
        let interval = plan.config.metrics_flush_interval;
        Self {
            account: settings.account.clone(),
            state: Arc::new(State {
                patience: if plan.config.is_delta() {
                    interval
                } else {
                    Duration::ZERO
                },
                aggregator: Mutex::new(Aggregator::new(plan, now_unix_nano())),
                base: Instant::now(),
                emitter: Emitter::new(settings, next, periodic.stopping()),
            }),
            periodic,
            interval,
        }
    }
}

impl State {
    fn now(&self) -> Now {
        Now {
            unix_nano: now_unix_nano(),
            elapsed: u64::try_from(self.base.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }

    fn aggregator(&self) -> MutexGuard<'_, Aggregator> {
        self.aggregator
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// See [`Aggregator::aggregate`].
    fn count<'a>(&self, entries: &mut impl Iterator<Item = &'a [u8]>, context: &Context) -> bool {
        self.aggregator().aggregate(entries, context, self.now())
    }

    async fn flush(&self, flush: Flush) {
        let batches = self.aggregator().flush(flush, self.now());
        for batch in batches {
            self.emitter.emit(batch, self.patience).await;
        }
    }
}

#[async_trait]
impl Consumer for SpanMetrics {
    async fn consume(&self, batch: Batch) -> Result<(), ConsumeError> {
        // The spans end here; what goes on is metrics.
        self.account.received(batch.items());
        self.account.filtered(batch.items());
        let context = batch.context().retain(&[]);
        let mut entries = batch
            .payload()
            .segments()
            .flat_map(|request| span::resources(request));
        // A request can have more resources than there may be: they are sent in between.
        while self.state.count(&mut entries, &context) {
            self.state.flush(Flush::Crowded).await;
        }
        Ok(())
    }
}

#[async_trait]
impl Component for SpanMetrics {
    async fn start(&self, host: &Host) -> Result<(), ComponentError> {
        let state = Arc::clone(&self.state);
        self.periodic.start(host, self.interval, move || {
            let state = Arc::clone(&state);
            async move { state.flush(Flush::Due).await }
        });
        Ok(())
    }

    async fn shutdown(&self, deadline: std::time::Instant) -> Result<(), ComponentError> {
        self.periodic.stop(deadline).await;
        let last = self.state.flush(Flush::Last);
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

impl Connector for SpanMetrics {}
